import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AggregationSpec } from './aggregation-spec.js';
import { randomStream } from '../random/stream.js';
import { defaultOptions } from '../registry/declared-options.js';
import { aggregatorContract, updateSource } from '../testing/aggregator-contract.js';
import type { WeightedUpdate } from './aggregator.js';
import { foldColumns } from './fold-columns.js';
import * as room from './index.js';
import { weightedMedian } from './median.js';
import { trimmed } from './trimmed-mean.js';
import type { UpdateProfile } from './update-profile.js';

const { addUpdate, aggregateUpdates, aggregatorNamed, aggregators, krum, profileUpdate, weightedMean } = room;

for (const aggregator of Object.values(aggregators)) aggregatorContract(aggregator);

describe('the registry of aggregators', () => {
  it('lists every aggregator of the room, which runs the contract over it', () => {
    const plugIns = Object.values(room).filter((value) => typeof value === 'object' && 'aggregate' in value);
    expect(new Set(plugIns)).toEqual(new Set(Object.values(aggregators)));
  });

  it('lists each under its id, and names the valid ones', () => {
    for (const [id, aggregator] of Object.entries(aggregators)) expect(aggregator.id).toBe(id);
    expect(aggregatorNamed('weightedMean')).toBe(weightedMean);
    expect(() => aggregatorNamed('mean')).toThrow('Valid names: weightedMean');
  });
});

const of = (weight: number, ...values: number[]): WeightedUpdate => ({
  values: Float32Array.from(values),
  weight,
});

describe('weightedMean', () => {
  const fold = async (length: number, ...all: WeightedUpdate[]): Promise<Float64Array> =>
    (await weightedMean.aggregate(updateSource(all, length), {})).values;

  it('weighs by samples', async () => {
    expect(await fold(2, of(30, 4, -8), of(10, 8, 0))).toEqual(Float64Array.of(5, -6));
  });

  it('adds in float64: a small client is not rounded away', async () => {
    expect((await fold(1, of(2 ** 26, 1), of(1, 2)))[0]).toBe((2 ** 26 + 2) / (2 ** 26 + 1));
  });

  it('averages every coordinate over those who held it, and leaves what nobody did', async () => {
    const part = (weight: number, held: readonly number[], ...values: number[]): WeightedUpdate => ({
      ...of(weight, ...values),
      held: Uint8Array.from(held),
    });
    const folded = await fold(4, part(30, [1, 1, 0, 0], 4, 2, 0, 0), part(10, [1, 0, 1, 0], 8, 0, -6, 0));
    // 0: (30·4 + 10·8) ÷ 40. 1 and 2: one holder each. 3: none.
    expect(folded).toEqual(Float64Array.of(5, 2, -6, 0));
  });

  it('counts a whole update at every coordinate beside parts', async () => {
    const part = { ...of(1, 0, 9), held: Uint8Array.of(0, 1) };
    expect(await fold(2, of(2, 3, 3), part)).toEqual(Float64Array.of(3, 5));
  });

  it('is the plain mean to the bit where everybody holds everything', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 999 }), fc.float({ noNaN: true, min: -9, max: 9 })), {
          minLength: 1,
        }),
        async (clients) => {
          const plain = clients.map(([weight, value]) => of(weight, value, -value));
          const marked = plain.map((update) => ({ ...update, held: Uint8Array.of(1, 1) }));
          expect(await fold(2, ...marked)).toEqual(await fold(2, ...plain));
        },
      ),
    );
  });

  it('refuses marks that are not one per value', async () => {
    await expect(fold(2, { ...of(1, 1, 2), held: Uint8Array.of(1) })).rejects.toThrow('[wrong_length]');
  });

  it('reads every update once', async () => {
    const source = updateSource([of(1, 2), of(1, 4)], 1);
    await weightedMean.aggregate(source, {});
    expect(source.reads).toEqual([1, 1]);
  });
});

describe('rules of one coordinate', () => {
  const apply = (rule: typeof weightedMedian, column: number[], weights = column.map(() => 1)): number =>
    rule(Float64Array.from(column), Float64Array.from(weights), new Float64Array(column.length));

  it.each<[number, number[], number[], number]>([
    [0, [1, 2, 6], [1, 1, 2], 3.75],
    [0.2, [100, 1, 2, 3, -50], [1, 1, 1, 1, 1], 2],
    [0.2, [100, 1, 2, 3, -50], [9, 1, 2, 1, 9], 2],
    [0.4, [5, 4, 3, 2, 1], [1, 1, 1, 1, 1], 3],
    // Two share the highest place, one goes: half of both stays.
    [0.25, [0, 1, 4, 4], [1, 2, 3, 5], (2 + 4 * 4) / 6],
    // Too few to leave one out at each end.
    [0.4, [1, 3], [1, 3], 2.5],
  ])('a mean without the outer %p of %p weighing %p is %p', (trim, column, weights, expected) => {
    expect(apply(trimmed(trim), column, weights)).toBe(expected);
  });

  it.each<[number[], number[], number]>([
    [[3, 1, 2], [1, 1, 1], 2],
    [[4, 1, 2, 3], [1, 1, 1, 1], 2.5],
    [[1, 2, 100], [1, 1, 5], 100],
    [[1, 2, 100], [3, 1, 1], 1],
  ])('the median of %p weighing %p is %p', (column, weights, expected) => {
    expect(apply(weightedMedian, column, weights)).toBe(expected);
  });
});

describe('blocks of coordinates', () => {
  const stream = randomStream({ seed: 4, purpose: 'test' });
  const all = Array.from({ length: 5 }, (_, k) =>
    of(k + 1, ...Array.from({ length: 17 }, () => stream.uniform())),
  );

  it.each([1, 5, 40, 84, 85, 1e6])('of %p values give what one block gives', async (blockValues) => {
    const source = updateSource(all, 17);
    expect(await foldColumns(source, trimmed(0.2), blockValues)).toEqual(
      await foldColumns(updateSource(all, 17), trimmed(0.2)),
    );
    const passes = Math.ceil(17 / Math.max(1, Math.min(17, Math.floor(blockValues / 5))));
    expect(source.reads).toEqual(all.map(() => passes));
  });
});

describe('krum', () => {
  const near = [of(1, 1, 1), of(1, 1.1, 1), of(1, 1, 1.1), of(1, 0.9, 1)];

  it('leaves out the update that is far from all', async () => {
    const { kept } = await krum.aggregate(
      updateSource([...near, of(9, -40, 40)], 2),
      defaultOptions(krum.options),
    );
    expect(kept).toEqual([0, 1, 2, 3]);
  });

  it('picks the innermost update where one is asked for', async () => {
    const options = { hostile: 0.2, select: 1 };
    const { kept, values } = await krum.aggregate(updateSource([of(1, 90, 0), ...near], 2), options);
    expect(kept).toEqual([1]);
    expect(values).toEqual(Float64Array.of(1, 1));
  });
});

describe('a rule does not weaken without a word', () => {
  const updates = (count: number) =>
    Array.from({ length: count }, (_, k) => of(1, k === 0 ? 1000 : 1 + 0.01 * k));
  const outcome = async (id: string, options: Record<string, number>, came: number, asked?: number) => {
    const source = { ...updateSource(updates(came), 1), ...(asked === undefined ? {} : { asked }) };
    const { values } = await aggregatorNamed(id).aggregate(source, options);
    return values[0]! < 2 ? 'held' : 'moved';
  };

  // The first update is hostile. Updates that arrived out of those asked; the effect of the attack.
  it.each<[string, Record<string, number>, number, number | undefined, string]>([
    ['krum', { hostile: 0.2, select: 0 }, 5, undefined, 'held'],
    ['krum', { hostile: 0.2, select: 0 }, 5, 9, 'held'],
    ['krum', { hostile: 0.2, select: 0 }, 4, 5, 'krum needs 5 updates to hold off 1 hostile ones, 4 came'],
    ['krum', { hostile: 0.4, select: 0 }, 5, undefined, 'krum needs 7 updates to hold off 2'],
    ['krum', { hostile: 0.2, select: 4 }, 5, undefined, 'held'],
    ['krum', { hostile: 0.2, select: 5 }, 5, undefined, 'krum needs 6 updates'],
    ['krum', { hostile: 0, select: 0 }, 5, undefined, 'moved'],
    ['trimmedMean', { trim: 0.2 }, 3, 5, 'held'],
    ['trimmedMean', { trim: 0.2 }, 2, 5, 'the trimmed mean needs 3 updates'],
    ['trimmedMean', { trim: 0.4 }, 4, 5, 'the trimmed mean needs 5 updates'],
    ['trimmedMean', { trim: 0 }, 5, undefined, 'moved'],
    ['median', {}, 3, undefined, 'held'],
  ])('%s with %j, %p of %p', async (...row) => {
    const [id, options, came, asked, expected] = row;
    const result = outcome(id, options, came, asked);
    if (expected === 'held' || expected === 'moved') expect(await result).toBe(expected);
    else await expect(result).rejects.toThrow(`[invalid_argument] ${expected}`);
  });

  it('nor where coordinates are merged one by one', () => {
    const spec: AggregationSpec = {
      kind: 'trimmedMean',
      weighting: 'equal',
      clip: null,
      options: { trim: 0.2 },
    };
    const column = Float64Array.of(1000, 1, 2);
    const fold = (asked?: number): number =>
      room.coordinateRule(spec, asked)!.rule(column, Float64Array.of(1, 1, 1), new Float64Array(3));
    expect(fold(5)).toBe(2);
    expect(() => fold(10)).toThrow('needs 5 updates');
  });
});

const PLAIN: AggregationSpec = { kind: 'weightedMean', weighting: 'samples', clip: null, options: {} };

describe('a round of updates', () => {
  it('can weigh everybody alike', async () => {
    const updates = [of(1000, 8), of(1, 2)];
    const spec: AggregationSpec = { ...PLAIN, weighting: 'equal' };
    expect((await aggregateUpdates(updateSource(updates, 1), spec)).values).toEqual(Float64Array.of(5));
  });

  it('shortens what is longer than the norm it clips at, and nothing else', async () => {
    const spec: AggregationSpec = { ...PLAIN, clip: { kind: 'norm', maximum: 5 } };
    const { values, clipped } = await aggregateUpdates(updateSource([of(1, 30, 40), of(1, 3, 4)], 2), spec);
    expect(values).toEqual(Float64Array.of(3, 4));
    expect(clipped).toEqual([0]);
  });

  it('clips at a multiple of the median norm, reading once more', async () => {
    const source = updateSource([of(1, 1, 0), of(1, 0, 2), of(1, 300, 400)], 2);
    const spec: AggregationSpec = { ...PLAIN, clip: { kind: 'median', factor: 5 } };
    const { values, clipped } = await aggregateUpdates(source, spec);
    expect([...values].map((value) => value * 3)).toEqual([1 + 6, 2 + 8]);
    expect(clipped).toEqual([2]);
    expect(source.reads).toEqual([2, 2, 2]);
  });
});

describe('updates that were profiled when they came', () => {
  const updates = [of(1, 1, 0), of(1, 0, 2), of(1, 300, 400), of(2, 1, 1), of(1, 0, 1)];
  const clip = { kind: 'median', factor: 5 } as const;

  it('give the same round, and clipping at the median reads none of them twice', async () => {
    const source = updateSource(updates, 2);
    const known = updates.map(({ values }) => profileUpdate(values));
    const profiled = { ...source, profileAt: (at: number) => known[at]! };
    expect(await aggregateUpdates(profiled, { ...PLAIN, clip })).toEqual(
      await aggregateUpdates(updateSource(updates, 2), { ...PLAIN, clip }),
    );
    expect(source.reads).toEqual(updates.map(() => 1));
  });

  it('may be some of them only', async () => {
    const source = updateSource(updates, 2);
    const profileAt = (at: number): UpdateProfile | null =>
      at < 3 ? profileUpdate(updates[at]!.values) : null;
    await aggregateUpdates({ ...source, profileAt }, { ...PLAIN, clip });
    expect(source.reads).toEqual([1, 1, 1, 2, 2]);
  });
});

describe('outliers', () => {
  const LENGTH = 4000;
  const common = randomStream({ seed: 1, purpose: 'direction' });
  const direction = Float32Array.from({ length: LENGTH }, () => common.uniform() - 0.5);
  /** Half of it what all agree on, half its own. */
  const honest = (k: number): WeightedUpdate => {
    const own = randomStream({ seed: 2, purpose: 'own', partition: k });
    return { values: direction.map((value) => value + own.uniform() - 0.5), weight: 1 };
  };
  const nine = Array.from({ length: 9 }, (_, k) => honest(k));
  const found = async (hostile: WeightedUpdate): Promise<string[]> => {
    const { outliers } = await aggregateUpdates(updateSource([...nine, hostile], LENGTH), PLAIN);
    return outliers.map(({ at, reason }) => `${at} ${reason}`);
  };

  it('are none among clients alike', async () => {
    expect(await found(honest(9))).toEqual([]);
  });

  it('are a scaled update, a flipped one and a random one', async () => {
    const { values } = honest(9);
    expect(await found({ values: values.map((value) => 10 * value), weight: 1 })).toEqual(['9 norm']);
    expect(await found({ values: values.map((value) => -value), weight: 1 })).toEqual(['9 direction']);
    const noise = randomStream({ seed: 3, purpose: 'noise' });
    expect(await found({ values: values.map(() => noise.uniform() - 0.5), weight: 1 })).toEqual([
      '9 direction',
    ]);
  });

  it('are not looked for among three', async () => {
    const source = updateSource(
      [...nine.slice(0, 2), of(1, ...direction.map((value) => value * 1e3))],
      LENGTH,
    );
    expect((await aggregateUpdates(source, PLAIN)).outliers).toEqual([]);
  });
});

describe('addUpdate', () => {
  it('adds, rounds once, and leaves the model alone', () => {
    const values = Float32Array.of(1, -2);
    expect(addUpdate(values, Float64Array.of(0.1, 2))).toEqual(Float32Array.of(1.1, 0));
    expect(values).toEqual(Float32Array.of(1, -2));
  });

  it('refuses another length', () => {
    expect(() => addUpdate(new Float32Array(2), new Float64Array(3))).toThrow('[wrong_length]');
  });
});
