import { describe, expect, it } from '@jest/globals';
import type { Allocation, AllocationInputs, DistortionCurve } from '../allocation/allocation.js';
import { maskableSpecs } from '../graph/parameters.js';
import { keptCount } from '../mask/top-k.js';
import { initialState } from '../params/initialize.js';
import { exampleGraphs } from './example-graphs.js';

const DENSITIES = [0.05, 0.1, 0.29, 0.5, 0.77, 0.95, 1];

/** A plausible curve: nothing is lost at density 1, and twice as much at every halving. */
function curve(weight: number): DistortionCurve {
  return [1, 0.5, 0.25, 0.125, 0.06, 0.03].map((density) => ({
    density,
    distortion: weight * (1 / density - 1),
  }));
}

/** Tests for the promises of every allocation; call it once per allocation, at the top of a test file. */
export function allocationContract(allocation: Allocation): void {
  describe.each(exampleGraphs)(`allocation ${allocation.id} on $name`, (graph) => {
    const specs = maskableSpecs(graph);
    const size = specs.reduce((sum, spec) => sum + spec.size, 0);
    const all: Required<Omit<AllocationInputs, 'left'>> = {
      scores: initialState(graph, 1).params,
      distortions: new Map(specs.map(({ name }, i) => [name, curve(1 + i)])),
      layerFloor: 0,
    };
    const declared: AllocationInputs = {
      layerFloor: 0,
      ...Object.fromEntries(allocation.needs.map((need) => [need, all[need]])),
    };

    it.each(DENSITIES)('at density %p gives every maskable layer from one weight to all', (density) => {
      const counts = allocation.counts(graph, density, declared);

      expect([...counts.keys()]).toEqual(specs.map(({ name }) => name));
      for (const spec of specs) {
        const count = counts.get(spec.name)!;
        expect(Number.isSafeInteger(count)).toBe(true);
        expect(count).toBeGreaterThanOrEqual(1);
        expect(count).toBeLessThanOrEqual(spec.size);
      }
    });

    it.each(DENSITIES)('at density %p keeps the model’s density', (density) => {
      const counts = allocation.counts(graph, density, declared);

      const kept = [...counts.values()].reduce((sum, count) => sum + count, 0);
      // A layer rounded on its own is off by half a weight, or by one if it would have none.
      const slack = allocation.exactTotal ? 0 : specs.length;
      expect(Math.abs(kept - keptCount(density, size))).toBeLessThanOrEqual(slack);
    });

    it('gives the same for the same, uses nothing it does not declare, and leaves scores alone', () => {
      const first = allocation.counts(graph, 0.3, declared);

      expect(allocation.counts(graph, 0.3, all)).toEqual(first);
      expect(all.scores).toEqual(initialState(graph, 1).params);
    });

    it('never leaves a layer without a weight: one each, or it refuses', () => {
      let counts: ReadonlyMap<string, number>;
      try {
        counts = allocation.counts(graph, 1e-9, declared);
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid_argument' });
        expect(allocation.exactTotal).toBe(true);
        return;
      }
      expect([...counts.values()]).toEqual(specs.map(() => 1));
    });

    it.each([0, -0.1, 1.01, Number.NaN])('refuses density %p', (density) => {
      expect(() => allocation.counts(graph, density, declared)).toThrow('[invalid_argument] density');
    });

    for (const need of allocation.needs) {
      it(`says so when ${need} is missing`, () => {
        expect(() => allocation.counts(graph, 0.5, { layerFloor: 0 })).toThrow(
          new RegExp(`invalid_argument.*${need}`),
        );
      });
    }
  });
}
