import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Aggregator, WeightedUpdate } from '../aggregation/aggregator.js';

const LENGTH = 5;

/** Dyadic rationals of few bits: their sums and products with small weights are exact, so laws hold to the bit. */
const dyadic = fc.integer({ min: -4096, max: 4096 }).map((numerator) => numerator / 256);
const update: fc.Arbitrary<WeightedUpdate> = fc.record({
  values: fc
    .array(dyadic, { minLength: LENGTH, maxLength: LENGTH })
    .map((values) => Float32Array.from(values)),
  weight: fc.integer({ min: 1, max: 1000 }),
});
const updates = fc.array(update, { minLength: 1, maxLength: 6 });

/** What every aggregator promises; call it once per aggregator, at the top of a test file. */
export function aggregatorContract<State>(aggregator: Aggregator<State>): void {
  const fold = (all: readonly WeightedUpdate[]): Float64Array =>
    aggregator.finalize(
      all.reduce((state, one) => aggregator.accumulate(state, one), aggregator.init(LENGTH)),
    );

  describe(`aggregator ${aggregator.id}`, () => {
    it('does not depend on the order of updates', () => {
      const permuted = updates.chain((all) =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
      );
      fc.assert(
        fc.property(permuted, ([all, other]) => {
          expect(fold(other)).toEqual(fold(all));
        }),
      );
    });

    it('gives back the update of a single client', () => {
      fc.assert(
        fc.property(update, (one) => {
          expect(fold([one])).toEqual(Float64Array.from(one.values));
        }),
      );
    });

    it('has equal updates as a fixed point, whatever their weights', () => {
      fc.assert(
        fc.property(updates, (all) => {
          const { values } = all[0]!;
          expect(fold(all.map(({ weight }) => ({ values, weight })))).toEqual(Float64Array.from(values));
        }),
      );
    });

    it('stays within the range of the updates', () => {
      fc.assert(
        fc.property(updates, (all) => {
          for (const [i, value] of fold(all).entries()) {
            const column = all.map(({ values }) => values[i]!);
            expect(value).toBeGreaterThanOrEqual(Math.min(...column));
            expect(value).toBeLessThanOrEqual(Math.max(...column));
          }
        }),
      );
    });

    it('leaves updates as they were', () => {
      fc.assert(
        fc.property(updates, (all) => {
          const before = all.map(({ values, weight }) => ({ values: values.slice(), weight }));
          fold(all);
          expect(all).toEqual(before);
        }),
      );
    });

    it('starts anew with every init', () => {
      const one = { values: new Float32Array(LENGTH).fill(1), weight: 3 };

      fold([one]);

      expect(fold([{ ...one, values: new Float32Array(LENGTH).fill(2) }])).toEqual(
        new Float64Array(LENGTH).fill(2),
      );
    });

    it('refuses updates of another length, impossible weights, values that are not finite, and nothing', () => {
      const values = new Float32Array(LENGTH);

      expect(() => fold([{ values: new Float32Array(LENGTH + 1), weight: 1 }])).toThrow('[wrong_length]');
      for (const weight of [0, -1, Number.NaN, Infinity]) {
        expect(() => fold([{ values, weight }])).toThrow('[invalid_argument]');
      }
      for (const bad of [Number.NaN, Infinity]) {
        expect(() => fold([{ values: values.map(() => bad), weight: 1 }])).toThrow('[not_finite]');
      }
      expect(() => fold([])).toThrow('[invalid_argument]');
    });
  });
}
