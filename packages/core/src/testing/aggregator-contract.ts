import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { defaultOptions } from '../registry/declared-options.js';
import type { Aggregator, UpdateSource, WeightedUpdate } from '../aggregation/aggregator.js';
import type { MomentReport } from '../batchnorm/merge-moments.js';

const LENGTH = 5;

/** Dyadic rationals of few bits: their sums and products with small weights are exact, so laws hold to the bit. */
const dyadic = fc.integer({ min: -4096, max: 4096 }).map((numerator) => numerator / 256);
const update: fc.Arbitrary<WeightedUpdate> = fc.record({
  values: fc
    .array(dyadic, { minLength: LENGTH, maxLength: LENGTH })
    .map((values) => Float32Array.from(values)),
  weight: fc.integer({ min: 1, max: 1000 }),
});
const updates = fc.array(update, { minLength: 1, maxLength: 8 });

/** Updates of which no two are alike, so that no rule has a tie to break. */
const distinct = fc
  .uniqueArray(fc.noBias(fc.integer({ min: -(2 ** 20), max: 2 ** 20 })), {
    minLength: LENGTH,
    maxLength: 8 * LENGTH,
  })
  .map((numbers) =>
    Array.from({ length: Math.floor(numbers.length / LENGTH) }, (_, k) => ({
      values: Float32Array.from(numbers.slice(k * LENGTH, (k + 1) * LENGTH), (value) => value / 256),
      weight: 1 + k,
    })),
  );

/** Updates in memory as a source that counts how often each is read. */
export function updateSource(
  all: readonly WeightedUpdate[],
  length: number = LENGTH,
): UpdateSource & { readonly reads: readonly number[] } {
  const reads = all.map(() => 0);
  return {
    length,
    reads,
    updates: all.map((one, k) => () => {
      reads[k]!++;
      return Promise.resolve(one);
    }),
  };
}

/** The same source with every update read into one buffer, so that earlier reads are overwritten. */
function inOnePlace(source: UpdateSource): UpdateSource {
  const place = new Float32Array(source.length);
  const updates = source.updates.map((read) => async () => {
    const { values, weight } = await read();
    place.set(values);
    return { values: place, weight };
  });
  return { ...source, updates };
}

/** Tests for the promises of every aggregator; call it once per aggregator, at the top of a test file. */
export function aggregatorContract(aggregator: Aggregator): void {
  const options = defaultOptions(aggregator.options);
  const fold = async (all: readonly WeightedUpdate[]): Promise<Float64Array> =>
    (await aggregator.aggregate(updateSource(all), options)).values;

  describe(`aggregator ${aggregator.id}`, () => {
    it('declares options whose defaults are in their range', () => {
      for (const { default: value, minimum, below, whole, meaning } of Object.values(aggregator.options)) {
        expect(value).toBeGreaterThanOrEqual(minimum);
        expect(value).toBeLessThan(below ?? Infinity);
        expect(Number.isInteger(value) || !whole).toBe(true);
        expect(meaning).toMatch(/\.$/);
      }
    });

    it('does not depend on the order of updates', async () => {
      const permuted = distinct.chain((all) =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
      );
      await fc.assert(
        fc.asyncProperty(permuted, async ([all, other]) => {
          expect(await fold(other)).toEqual(await fold(all));
        }),
      );
    });

    it('gives back the update of a single client', async () => {
      await fc.assert(
        fc.asyncProperty(update, async (one) => {
          expect(await fold([one])).toEqual(Float64Array.from(one.values));
        }),
      );
    });

    it('has equal updates as a fixed point, whatever their weights', async () => {
      await fc.assert(
        fc.asyncProperty(updates, async (all) => {
          const { values } = all[0]!;
          expect(await fold(all.map(({ weight }) => ({ values, weight })))).toEqual(
            Float64Array.from(values),
          );
        }),
      );
    });

    it('stays within the range of the updates, and says which it kept', async () => {
      await fc.assert(
        fc.asyncProperty(updates, async (all) => {
          const { values, kept } = await aggregator.aggregate(updateSource(all), options);
          for (const [i, value] of values.entries()) {
            const column = all.map((one) => one.values[i]!);
            expect(value).toBeGreaterThanOrEqual(Math.min(...column));
            expect(value).toBeLessThanOrEqual(Math.max(...column));
          }
          expect(kept.length).toBeGreaterThan(0);
          expect(kept).toEqual([...all.keys()].filter((at) => kept.includes(at)));
        }),
      );
    });

    it('leaves updates as they were and gives the same bits again', async () => {
      await fc.assert(
        fc.asyncProperty(updates, async (all) => {
          const before = all.map(({ values, weight }) => ({ values: values.slice(), weight }));
          const first = await fold(all);
          expect(all).toEqual(before);
          expect(await fold(all)).toEqual(first);
        }),
      );
    });

    it('holds no update once it reads the next', async () => {
      await fc.assert(
        fc.asyncProperty(updates, async (all) => {
          const { values } = await aggregator.aggregate(inOnePlace(updateSource(all)), options);
          expect(values).toEqual(await fold(all));
        }),
      );
    });

    const rule = aggregator.coordinateRule?.(options);
    if (rule) {
      it('does to every coordinate what its rule of one coordinate says', async () => {
        await fc.assert(
          fc.asyncProperty(updates, async (all) => {
            const weights = Float64Array.from(all, ({ weight }) => weight);
            const columns = Array.from({ length: LENGTH }, (_, i) => all.map(({ values }) => values[i]!));
            const ruled = Float64Array.from(columns, (column) =>
              rule(Float64Array.from(column), weights, new Float64Array(all.length)),
            );
            expect(await fold(all)).toEqual(ruled);
          }),
        );
      });
    }

    it('merges statistics within their range, never to a negative variance', () => {
      fc.assert(
        fc.property(updates, (all) => {
          const reports: readonly MomentReport[] = all.map(({ values, weight }) => ({
            moments: new Map([['bn', { mean: values, variance: values.map(Math.abs) }]]),
            samples: weight,
          }));
          const merged = aggregator.mergeMoments(reports, [...reports.keys()], options).get('bn')!;
          for (const [c, mean] of merged.mean.entries()) {
            const column = all.map(({ values }) => values[c]!);
            expect(mean).toBeGreaterThanOrEqual(Math.min(...column));
            expect(mean).toBeLessThanOrEqual(Math.max(...column));
            expect(merged.variance[c]).toBeGreaterThanOrEqual(0);
          }
        }),
      );
    });

    it('refuses updates of another length, impossible weights, values that are not finite, and nothing', async () => {
      const values = new Float32Array(LENGTH);

      await expect(fold([{ values: new Float32Array(LENGTH + 1), weight: 1 }])).rejects.toThrow(
        '[wrong_length]',
      );
      for (const weight of [0, -1, Number.NaN, Infinity]) {
        await expect(fold([{ values, weight }])).rejects.toThrow('[invalid_argument]');
      }
      for (const bad of [Number.NaN, Infinity]) {
        await expect(fold([{ values: values.map(() => bad), weight: 1 }])).rejects.toThrow('[not_finite]');
      }
      await expect(fold([])).rejects.toThrow('[invalid_argument]');
    });
  });
}
