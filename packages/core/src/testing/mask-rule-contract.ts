import { describe, expect, it } from '@jest/globals';
import { maskableSpecs } from '../graph/parameters.js';
import type { MaskRule, RoundEvidence, AdjustmentContext } from '../mask-rules/mask-rule.js';
import { topInactive } from '../mask/bounded-top-k.js';
import { denseMask, type Mask } from '../mask/mask.js';
import { maskFromScores } from '../mask/mask-from-scores.js';
import { keptCount } from '../mask/top-k.js';
import { initialState } from '../params/initialize.js';
import { copyState } from '../params/model-state.js';
import { applyMask } from '../params/pack.js';
import type { MeanGradient } from '../adjustment/mean-gradients.js';
import { readjustMask, readjustmentRequests } from '../adjustment/readjust-mask.js';
import type { TopGradients } from '../trainer/trainer.js';
import { exampleGraphs } from './example-graphs.js';

const TARGET = 0.25;
const ADJUSTMENTS = 3;

function reportsOf(gradients: ReadonlyMap<string, MeanGradient>): readonly TopGradients[] {
  return [...gradients].map(([layer, { indices, values }]) => ({
    layer,
    indices,
    values: Float32Array.from(values),
  }));
}

/**
 * Tests for the promises of every rule of changing masks; call it once per rule, at the top of a test file.
 */
export function maskRuleContract(rule: MaskRule): void {
  describe.each(exampleGraphs)(`mask rule ${rule.id} on $name`, (graph) => {
    const specs = maskableSpecs(graph);
    const { params } = initialState(graph, 1);
    const counts = new Map(specs.map(({ name, size }) => [name, keptCount(TARGET, size)]));
    const first =
      rule.begins === 'dense'
        ? denseMask(graph)
        : maskFromScores(graph, initialState(graph, 3).params, counts);
    const spec = {
      interval: 2,
      stopRound: 8,
      granularity: 'entire',
      peakFraction: 0.5,
      gradientWeighting: 'samples',
    } as const;

    const contextOf = (mask: Mask, adjustment: number): AdjustmentContext => ({
      graph,
      seed: 11,
      learningRate: 0.05,
      mask,
      spec,
      targetDensity: TARGET,
      round: 2 * (adjustment + 1),
      adjustment,
      adjustments: ADJUSTMENTS,
    });

    /** Every inactive weight of the layers asked for, with some gradient. */
    const evidenceOf = (context: AdjustmentContext): RoundEvidence => {
      const slopes = initialState(graph, 2).params;
      const requests = rule.requests(context);
      const gradients = new Map(
        requests.map(({ layer, count }): [string, MeanGradient] => {
          const active = new Set(context.mask.layer(layer)?.active);
          const inactive = [...slopes.get(layer)!.keys()].filter((i) => !active.has(i)).slice(0, count);
          return [
            layer,
            {
              indices: Uint32Array.from(inactive),
              values: Float64Array.from(inactive, (i) => slopes.get(layer)![i]! + 1),
            },
          ];
        }),
      );
      const own = ownMaskOf(context.mask, rule.localWork?.(context).readjustment ?? null);
      const weights = applyMask(graph, own, params);
      const observer = rule.observe?.(context, null);
      observer?.client(weights, context.mask, 3);
      return {
        params: weights,
        gradients,
        requests,
        reports: [{ samples: 3, topGradients: reportsOf(gradients) }],
        ownMasks: own === context.mask ? [] : [own],
        memory: observer?.close(weights) ?? {},
      };
    };

    /** Mask that a client would make of the given one, from other gradients than those above. */
    const ownMaskOf = (mask: Mask, share: number | null): Mask => {
      if (share === null) return mask;
      const slopes = initialState(graph, 4).params;
      const top = readjustmentRequests(mask, share).map(({ layer, count }) => ({
        layer,
        ...topInactive(mask.layer(layer)!, slopes.get(layer)!, count),
      }));
      return readjustMask(mask, params, top);
    };

    const run = (): readonly Mask[] => {
      const masks = [first];
      for (let adjustment = 0; adjustment < ADJUSTMENTS; adjustment++) {
        const context = contextOf(masks.at(-1)!, adjustment);
        masks.push(rule.adjust(context, evidenceOf(context)).mask);
      }
      return masks;
    };

    it('asks for inactive weights only, no more than there are, and for nothing it does not need', () => {
      for (const { layer, count } of rule.requests(contextOf(first, 0))) {
        const { size, active } = first.layer(layer)!;
        expect(count).toBeGreaterThan(0);
        expect(count).toBeLessThanOrEqual(size - active.length);
        expect(rule.needs).not.toEqual([]);
      }
    });

    it('gives masks that fit, each the successor of the one before, with a weight in every layer', () => {
      const masks = run();
      for (const [i, mask] of masks.entries()) {
        mask.checkFits(graph);
        expect(mask.layers.every(({ active }) => active.length >= 1)).toBe(true);
        const before = masks[i - 1];
        if (before && mask !== before)
          expect(mask).toMatchObject({ version: before.version + 1, parent: before.hash });
      }
    });

    it('ends at the target, and never goes up in density', () => {
      const densities = run().map(({ density }) => density);
      expect(Math.abs(densities.at(-1)! - TARGET)).toBeLessThan(0.02);
      for (const [i, density] of densities.entries())
        expect(density).toBeLessThanOrEqual((densities[i - 1] ?? 1) + 1e-12);
    });

    it('gives the same for the same, and leaves its inputs alone', () => {
      const context = contextOf(first, 0);
      const evidence = evidenceOf(context);
      const before = copyState({ params: evidence.params, moments: new Map() }).params;
      const once = rule.adjust(context, evidence);

      const remembered = Object.entries(evidence.memory).map(([name, values]) => [name, values.slice()]);
      expect(rule.adjust(context, evidence).mask.hash).toBe(once.mask.hash);
      expect(evidence.params).toEqual(before);
      expect(evidence.memory).toEqual(Object.fromEntries(remembered));
    });
  });
}
