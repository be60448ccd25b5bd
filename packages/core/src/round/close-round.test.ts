import { describe, expect, it } from '@jest/globals';
import { applyMask, packedLength } from '../params/pack.js';
import { buildModel } from '../graph/zoo/build-model.js';
import { identityMoments } from '../params/model-state.js';
import { initialState } from '../params/initialize.js';
import { maskFromScores } from '../mask/mask-from-scores.js';
import { maskableSpecs } from '../graph/parameters.js';
import { nestedMask } from '../mask/nested-family.js';
import { packedPositions } from '../params/positions.js';
import { profileUpdate } from '../aggregation/update-profile.js';
import { readjustMask, readjustmentRequests } from '../adjustment/readjust-mask.js';
import { serverOptimizerNamed } from '../server-optimizer/registry.js';
import { emptySlots } from '../server-optimizer/slots.js';
import { topInactive } from '../mask/bounded-top-k.js';
import type { ClientUpdate, UpdateSummary } from '../trainer/client-update.js';
import type { Mask } from '../mask/mask.js';
import type { OptimizerSlots } from '../server-optimizer/server-optimizer.js';
import fc from 'fast-check';
import { closeRound, type ClosingRules, type UpdateReader } from './close-round.js';
import { globalModel, outgoingModel } from './global-model.js';
import { SubModels } from './sub-models.js';

const graph = buildModel({ name: 'cnn-small', width: 4 }, [8, 8, 3], 3);
const { params } = initialState(graph, 1);
const moments = identityMoments(graph);
const counts = new Map(maskableSpecs(graph).map(({ name, size }) => [name, Math.ceil(size / 4)]));
const mask = maskFromScores(graph, params, counts);
const model = globalModel(graph, mask, { params: applyMask(graph, mask, params), moments });

function update(own: Mask, samples: number, step: number): ClientUpdate {
  const delta = new Float32Array(packedLength(graph, own)).map((_, i) => step * ((i % 7) - 3));
  const metrics = {
    ...{ loss: 1, steps: 1, samplesSeen: samples, seconds: 1, macs: 1, peakBytes: 1, microBatch: 1 },
    backend: 'test',
  };
  return {
    ...{ round: 0, maskHash: own.hash, delta, moments, samples, metrics },
    ...{ topGradients: [], evaluation: null },
  };
}

const optimizer = { kind: 'momentum', options: { learningRate: 1, momentum: 0.9 } };
function rules(masks: readonly Mask[] | null): ClosingRules {
  const byHash = new Map((masks ?? []).map((each) => [each.hash, each]));
  return {
    round: 0,
    serverOptimizer: optimizer,
    intended: 2,
    aggregation: { kind: 'weightedMean', weighting: 'samples', clip: null, options: {} },
    maskOf: masks && (({ maskHash }: UpdateSummary) => byHash.get(maskHash)!),
    observer: null,
    adjustment: null,
  };
}
const readersOf = (updates: readonly ClientUpdate[]): UpdateReader => ({
  updates: updates.map((each) => () => Promise.resolve(each)),
  profileAt: (at) => profileUpdate(updates[at]!.delta),
});
const freshSlots = (): OptimizerSlots => emptySlots(serverOptimizerNamed('momentum'), graph, mask);

const client = fc.record({
  share: fc.constantFrom(0.125, 0.25, 0.5),
  samples: fc.integer({ min: 1, max: 200 }),
  step: fc.float({ min: -1, max: 1, noNaN: true }),
});

describe('a round of clients that hold parts of the mask', () => {
  it('leaves what nobody held as it was, whatever the server remembers of it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(client, { minLength: 1, maxLength: 5 }), async (clients) => {
        const masks = clients.map(({ share }) => nestedMask(mask, params, share));
        const updates = clients.map(({ samples, step }, at) => update(masks[at]!, samples, step));
        // As if every weight had been moving.
        const slots = Object.fromEntries(
          Object.entries(freshSlots()).map(([name, values]) => [name, values.map(() => 0.5)]),
        );

        const closed = await closeRound({ model, slots }, readersOf(updates), rules(masks));

        const held = new Set(masks.flatMap((own) => [...packedPositions(graph, mask, own)]));
        for (const [i, value] of closed.model.values.entries()) {
          if (!held.has(i)) expect(value).toBe(model.values[i]);
        }
        expect(closed.model.mask).toBe(mask);
        expect(closed.model.ranks).toBe(model.ranks);
      }),
      { numRuns: 30 },
    );
  });

  it('weighs a coordinate by the samples of those who held it', async () => {
    const part = nestedMask(mask, params, 0.25);
    const updates = [update(mask, 30, 1), update(part, 10, 5)];
    const averaging = { ...rules([mask, part]), serverOptimizer: { kind: 'average', options: {} } };
    const { model: next } = await closeRound({ model, slots: {} }, readersOf(updates), averaging);

    const positions = packedPositions(graph, mask, part);
    for (const i of model.values.keys()) {
      const at = positions.indexOf(i);
      const whole = (i % 7) - 3;
      const mean = at < 0 ? whole : (30 * whole + 10 * 5 * ((at % 7) - 3)) / 40;
      expect(next.values[i]).toBe(Math.fround(model.values[i]! + mean));
    }
  });

  it('whose adjustment has to wait keeps its mask, and drops what they have grown', async () => {
    const top = readjustmentRequests(mask, 0.5).map(({ layer, count }) => ({
      layer,
      ...topInactive(mask.layer(layer)!, initialState(graph, 2).params.get(layer)!, count),
    }));
    const own = readjustMask(mask, params, top);
    const { model: next, slots } = await closeRound(
      { model, slots: freshSlots() },
      readersOf([update(own, 5, 1)]),
      rules([own]),
    );

    expect(next.mask).toBe(mask);
    expect(slots['velocity']).toHaveLength(model.values.length);
    const kept = nestedMask(mask, params, 0.5);
    const changed = model.values.filter((value, i) => next.values[i] !== value).length;
    // At least the weights that it dropped are as they were, and what it kept has moved (but every seventh step is 0).
    expect(changed).toBeLessThanOrEqual(packedLength(graph, kept) + maskableSpecs(graph).length);
    expect(changed).toBeGreaterThan(0.7 * packedLength(graph, kept));
    expect(next.state.params).toEqual(applyMask(graph, mask, next.state.params));
  });

  it('is a plain round to the bit where everybody holds the whole mask', async () => {
    const updates = [update(mask, 7, 0.3), update(mask, 20, -0.1)];
    const plain = await closeRound({ model, slots: freshSlots() }, readersOf(updates), rules(null));
    const parts = await closeRound({ model, slots: freshSlots() }, readersOf(updates), rules([mask]));

    expect(parts.model.values).toEqual(plain.model.values);
    expect(parts.slots).toEqual(plain.slots);
  });
});

describe('sub-models', () => {
  it('stay while the mask stays, and descend from one another when it changes', () => {
    const subModels = new SubModels();
    const half = subModels.of(model, 0.5);
    const moved = new Map([...params].map(([name, values]) => [name, values.map((value) => -2 * value)]));
    const later = globalModel(graph, mask, { params: moved, moments }, { ranks: model.ranks });
    expect(subModels.of(later, 0.5).mask).toBe(half.mask);
    expect(subModels.of(model, 1)).toBe(model);

    const other = mask.successor(maskFromScores(graph, initialState(graph, 2).params, counts).layers);
    const changed = globalModel(graph, other, { params: moved, moments }, { previousMask: mask });
    const next = subModels.of(changed, 0.5);
    expect(outgoingModel(next, { mask: half.mask.hash, values: false }).maskUpdate).toMatchObject({
      parent: half.mask.hash,
    });
    expect(outgoingModel(next, { mask: null, values: false }).maskUpdate.kind).toBe('full');
    // A share that no client had before has no earlier mask to build on.
    expect(
      outgoingModel(subModels.of(changed, 0.25), { mask: half.mask.hash, values: false }).maskUpdate.kind,
    ).toBe('full');
  });

  it('are the same for a coordinator that begins with the model', () => {
    expect(new SubModels().of(model, 0.25).mask.hash).toBe(nestedMask(mask, params, 0.25).hash);
  });
});
