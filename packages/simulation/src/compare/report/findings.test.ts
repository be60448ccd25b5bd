import { describe, expect, it } from '@jest/globals';
import { tinyJob } from '@espalier/server/testing';
import { cellResultSchema, type CellResult } from '../cell-result.js';
import { toldApart, type ResultGroup } from '../statistics.js';
import { markdownOf } from '../table.js';
import { effectBlocks, effects, overDensities } from './effects.js';
import { frontier, frontierBlocks } from './frontier.js';
import { placings, rankingBlocks } from './ranking.js';

const NOTHING = {
  maskable: 0.1,
  up: 1e6,
  down: 1e6,
  macs: 1e12,
  forwardMacs: 1e6,
  peakBytes: 1e6,
  seconds: 1,
};

/** A row with one run a seed, from seed 1. */
function row(
  name: string,
  finals: readonly (number | null)[],
  { density = 0.1, partition = null as string | null, macs = 1e12, up = 1e6 } = {},
): ResultGroup {
  const results = finals.map((final, at) =>
    cellResultSchema.parse({
      ...NOTHING,
      name,
      density,
      seed: at + 1,
      partition,
      accuracy: { final, best: final },
      macs,
      up,
    } satisfies Partial<CellResult>),
  );
  return { name, density, partition, results };
}

describe('told apart', () => {
  it.each([
    // Half the interval of three figures is 4.303 × their deviation ÷ √3, here 2.48; of two 8.98, of a hundred 0.22.
    [{ mean: 2.5, deviation: 1, count: 3 }, true],
    [{ mean: -2.5, deviation: 1, count: 3 }, true],
    [{ mean: 2.4, deviation: 1, count: 3 }, false],
    [{ mean: 8.9, deviation: 1, count: 2 }, false],
    [{ mean: 9, deviation: 1, count: 2 }, true],
    [{ mean: 0.23, deviation: 1, count: 100 }, true],
    [{ mean: 9, deviation: 0, count: 1 }, false],
    [{ mean: 0, deviation: 0, count: 3 }, false],
    [null, false],
  ])('%p: %p', (difference, apart) => {
    expect(toldApart(difference)).toBe(apart);
  });
});

describe('the ranking', () => {
  const groups = [
    row('low', [0.3, 0.41, 0.5]),
    row('high', [0.4, 0.5, 0.6]),
    row('wild', [0.2, 0.6, 0.61]),
    row('unknown', [null]),
    row('alone', [0.9], { density: 1 }),
  ];

  it('puts the most accurate first, each beside the best by seed', () => {
    const [rows, alone] = placings(groups);
    expect(rows?.map(({ group }) => group.name)).toEqual(['high', 'wild', 'low']);
    expect(rows?.[2]?.difference?.mean).toBeCloseTo((-0.1 - 0.09 - 0.1) / 3, 12);
    expect(alone).toHaveLength(1);
  });

  it('says who is behind and who cannot be told apart; a row by itself wins nothing', () => {
    const [table] = rankingBlocks(groups);
    expect(table).toMatchObject({
      rows: [[0.1, 'high', '50.0 ± 10.0', 'wild', 'low -9.7 ± 0.6']],
    });
    expect(rankingBlocks([row('alone', [0.9])])).toEqual([]);
  });
});

describe('the frontier', () => {
  const groups = [
    row('dear', [0.6], { macs: 4e12, up: 1e6 }),
    row('cheap', [0.3], { macs: 1e12, up: 1e6 }),
    row('middling', [0.5], { macs: 2e12, up: 3e6 }),
    row('wasteful', [0.5], { macs: 3e12, up: 2e6 }),
  ];

  it('keeps rows that none of the same or lower cost surpasses', () => {
    expect(frontier(groups, ({ macs }) => macs).map(({ group }) => group.name)).toEqual([
      'cheap',
      'middling',
      'dear',
    ]);
    expect(frontier(groups, ({ up }) => up).map(({ group }) => group.name)).toEqual(['dear']);
  });

  it('is a table of operations and one of bytes', () => {
    const [operations, bytes] = frontierBlocks(groups);
    expect(operations).toMatchObject({
      columns: [{ label: 'train TMACs' }, {}, {}, {}],
      rows: [
        ['1.00', 'cheap', 0.1, '30.0'],
        ['2.00', 'middling', 0.1, '50.0'],
        ['4.00', 'dear', 0.1, '60.0'],
      ],
    });
    expect(bytes).toMatchObject({ rows: [['1.00', 'dear', 0.1, '60.0']] });
    expect(frontierBlocks([groups[0]!])).toEqual([]);
  });
});

describe('effects', () => {
  const jobs = new Map([
    ['fedtiny', tinyJob()],
    ['first', tinyJob('pool.selection=first')],
    ['first, rare', tinyJob('pool.selection=first', 'pruning.interval=4', 'seed=9')],
    ['snip', tinyJob('method=snip')],
  ]);
  const groups = [
    row('fedtiny', [0.5, 0.6, 0.7], { macs: 2e12 }),
    row('first', [0.45, 0.53, 0.63]),
    row('first, rare', [0.44], { up: 3e6 }),
    row('snip', [0.7]),
    row('first', [0.1], { density: 0.2 }),
  ];
  const jobOf = ({ name }: { readonly name: string }) => jobs.get(name);

  it('are of rows that one setting tells apart, by common seeds', () => {
    const [selection, interval, ...more] = effects(groups, jobOf);
    expect(more).toEqual([]);
    expect(selection).toMatchObject({
      key: 'pool.selection',
      from: 'adaptiveBatchNorm',
      to: 'first',
      macs: 0.5,
    });
    expect(selection?.difference).toMatchObject({ count: 3 });
    expect(selection?.difference.mean).toBeCloseTo((-0.05 - 0.07 - 0.07) / 3, 12);
    expect(interval).toMatchObject({ key: 'pruning.interval', from: '2', to: '4', up: 3 });
  });

  it('are a table that marks what can be told', () => {
    const [table] = effectBlocks(groups, jobOf);
    expect(table).toMatchObject({
      rows: [
        ['pool.selection', 'adaptiveBatchNorm', 'first', 'fedtiny', 0.1, '-6.3 ± 1.2 *', 3, '0.50', '1.00'],
        ['pruning.interval', '2', '4', 'first', 0.1, '-1.0', 1, '1.00', '3.00'],
      ],
    });
    expect(effectBlocks(groups.slice(0, 1), jobOf)).toEqual([]);
  });

  it('over densities count every seed once, those that all densities have', () => {
    const twice = [
      row('fedtiny', [0.5, 0.6, 0.7]),
      row('first', [0.45, 0.53, 0.63]),
      row('fedtiny', [0.6, 0.7], { density: 0.2 }),
      row('first', [0.59, 0.67], { density: 0.2 }),
    ];
    const [overall, ...more] = overDensities(effects(twice, jobOf));
    expect(more).toEqual([]);
    // By seed: (−5 − 1) ÷ 2 and (−7 − 3) ÷ 2 points.
    expect(overall).toMatchObject({ key: 'pool.selection', densities: [0.1, 0.2] });
    expect(overall?.difference.count).toBe(2);
    expect(overall?.difference.mean).toBeCloseTo(-0.04, 12);
    expect(overall?.difference.deviation).toBeCloseTo(Math.SQRT2 / 100, 12);
    expect(effectBlocks(twice, jobOf)[1]).toMatchObject({
      rows: [['pool.selection', 'adaptiveBatchNorm', 'first', 'fedtiny', '0.1, 0.2', '-4.0 ± 1.4', 2]],
    });
    expect(overDensities(effects(groups, jobOf))).toEqual([]);
  });

  it('stand in Markdown under their caption', () => {
    expect(
      markdownOf({
        caption: 'Why.',
        columns: [{ label: 'a' }, { label: 'b', align: 'right' }],
        rows: [['x', 1]],
      }),
    ).toBe('Why.\n\n| a | b |\n|---|--:|\n| x | 1 |\n');
  });
});
