import { mergeMoments } from '../batchnorm/merge-moments.js';
import type { Aggregator, UpdateSource } from './aggregator.js';
import { optionOf } from './check-update.js';
import { BLOCK_VALUES, forEachBlock } from './fold-columns.js';
import { hostileOf, requireFewest, type Resistance } from './resistance.js';
import { meanOf } from './weighted-mean.js';

/**
 * (Multi-)Krum (Blanchard et al., "Machine Learning with Adversaries", NeurIPS 2017, §4): an update's score
 * is the sum of its squared distances to its n − f − 2 nearest; the `select` updates of least score are
 * averaged, weighted by samples. f is ⌊hostile ·⌋ the clients that were asked. It refuses where n < 2f + 3,
 * for which the paper gives no guarantee, and where more are to be averaged than are presumed honest. Ties
 * keep the lower partition index. Every pair of updates is compared, so time grows with n², and the updates
 * are read in blocks (see `foldColumns`) and once more for the mean.
 */
export const krum: Aggregator = {
  id: 'krum',
  summary: 'The mean of those updates that lie closest to their neighbours (Blanchard et al., NeurIPS 2017).',
  takesParts: false,
  options: {
    hostile: {
      default: 0.2,
      minimum: 0,
      below: 0.5,
      whole: false,
      meaning: 'Share of the clients asked that may be hostile.',
    },
    select: {
      default: 0,
      minimum: 0,
      below: null,
      whole: true,
      meaning: 'Updates to average; 1 is plain Krum, 0 all that are not presumed hostile.',
    },
  },
  async aggregate(source, options) {
    const kept = await selectUpdates(source, {
      hostile: optionOf(options, 'hostile'),
      select: optionOf(options, 'select'),
    });
    return { values: await meanOf(source, kept), kept };
  },
  coordinateRule: null,
  resistance: (options, asked) =>
    resistanceOf(optionOf(options, 'hostile'), optionOf(options, 'select'), asked),
  mergeMoments: (reports, kept) => mergeMoments(kept.map((at) => reports[at]!)),
};

async function selectUpdates(
  source: UpdateSource,
  { hostile, select }: { readonly hostile: number; readonly select: number },
): Promise<readonly number[]> {
  const count = source.updates.length;
  const resistance = resistanceOf(hostile, select, source.asked ?? count);
  requireFewest('krum', count, resistance);
  const f = resistance.hostile;
  const distances = await squaredDistances(source);
  const scores = distances.map((row) => sumOfSmallest(row, Math.max(1, count - f - 2)));
  const chosen = Math.min(count, select > 0 ? select : count - f);
  return [...scores.keys()]
    .sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0) || a - b)
    .slice(0, chosen)
    .sort((a, b) => a - b);
}

/** n ≥ 2f + 3, and as many that are not presumed hostile as are averaged. */
function resistanceOf(share: number, select: number, asked: number): Resistance {
  const hostile = hostileOf(share, asked);
  return { hostile, fewest: Math.max(2 * hostile + 3, hostile + select), option: 'hostile' };
}

/** Per update its squared Euclidean distance to every other one, itself left out. */
async function squaredDistances(source: UpdateSource): Promise<readonly (readonly number[])[]> {
  const count = source.updates.length;
  const sums = Array.from({ length: count }, () => new Float64Array(count));
  await forEachBlock(source, BLOCK_VALUES, ({ width, rows }) => {
    for (const [a, row] of sums.entries()) {
      for (let b = a + 1; b < count; b++) {
        row[b] = (row[b] ?? 0) + squaredDistance(rows, { a: a * width, b: b * width, width });
      }
    }
  });
  return sums.map((_, a) =>
    [...sums.keys()].filter((b) => b !== a).map((b) => sums[Math.min(a, b)]?.[Math.max(a, b)] ?? 0),
  );
}

function squaredDistance(
  rows: Float32Array,
  { a, b, width }: { readonly a: number; readonly b: number; readonly width: number },
): number {
  let sum = 0;
  for (let i = 0; i < width; i++) sum += ((rows[a + i] ?? 0) - (rows[b + i] ?? 0)) ** 2;
  return sum;
}

function sumOfSmallest(values: readonly number[], count: number): number {
  return Float64Array.from(values)
    .sort()
    .subarray(0, count)
    .reduce((sum, value) => sum + value, 0);
}
