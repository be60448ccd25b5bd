import type { Aggregator } from './aggregator.js';
import { everyUpdate, optionOf } from './check-update.js';
import type { ColumnRule } from './column-rule.js';
import { foldColumns } from './fold-columns.js';
import { columnMoments } from './column-moments.js';
import { hostileOf, requireFewest, type Resistance } from './resistance.js';

/**
 * Coordinate-wise trimmed mean (Yin et al., "Byzantine-Robust Distributed Learning", ICML 2018, Definition
 * 2): at every coordinate the ⌊trim · n⌋ smallest and as many largest values are left out, n being the
 * clients that were asked, and the rest averaged, weighted by samples. Counted in updates and not in samples,
 * so that no client gains places by claiming samples. Needs a coordinate of all updates at once; see
 * `foldColumns` for the cost.
 */
export const trimmedMean: Aggregator = {
  id: 'trimmedMean',
  summary: 'At each weight the mean without the smallest and largest values (Yin et al., ICML 2018).',
  takesParts: false,
  options: {
    trim: {
      default: 0.2,
      minimum: 0,
      below: 0.5,
      whole: false,
      meaning:
        'Share of the clients asked whose values are left out at each end; at least the share that may be hostile.',
    },
  },
  aggregate: async (source, options) => ({
    values: await foldColumns(source, trimmed(optionOf(options, 'trim'), source.asked)),
    kept: everyUpdate(source.updates.length),
  }),
  coordinateRule: (options, asked) => trimmed(optionOf(options, 'trim'), asked),
  resistance: (options, asked) => resistanceOf(optionOf(options, 'trim'), asked),
  mergeMoments: (reports, _, options, asked) =>
    columnMoments(reports, trimmed(optionOf(options, 'trim'), asked)),
};

/**
 * The rule for one coordinate. Equal values at an end are left out in equal shares, so that the order of
 * updates does not matter.
 * @param asked clients of whose number `trim` is a share; default: the number of values
 * @throws EspalierError `invalid_argument` within the rule, when nothing would be left between the ends.
 */
export function trimmed(trim: number, asked?: number): ColumnRule {
  return (column, weights, scratch) => {
    const count = column.length;
    const resistance = resistanceOf(trim, asked ?? count);
    requireFewest('the trimmed mean', count, resistance);
    const cut = resistance.hostile;
    scratch.set(column);
    scratch.sort();
    const low = scratch[cut]!;
    const high = scratch[count - 1 - cut]!;
    if (low === high) return low;
    const inside = sumInside(column, weights, { low, high });
    const shareLow = keptShare(scratch, low, cut, false);
    const shareHigh = keptShare(scratch, high, cut, true);
    const sum = inside.sum + shareLow * inside.atLow * low + shareHigh * inside.atHigh * high;
    const weight = inside.weight + shareLow * inside.atLow + shareHigh * inside.atHigh;
    return Math.min(high, Math.max(low, sum / weight));
  };
}

function resistanceOf(trim: number, asked: number): Resistance {
  const hostile = hostileOf(trim, asked);
  return { hostile, fewest: 2 * hostile + 1, option: 'trim' };
}

/** Σ w·x and Σ w strictly between the ends, and the weight at either end. */
function sumInside(
  column: Float64Array,
  weights: Float64Array,
  { low, high }: { readonly low: number; readonly high: number },
): { sum: number; weight: number; atLow: number; atHigh: number } {
  let sum = 0;
  let weight = 0;
  let atLow = 0;
  let atHigh = 0;
  for (let k = 0; k < column.length; k++) {
    const value = column[k]!;
    if (value === low) atLow += weights[k]!;
    else if (value === high) atHigh += weights[k]!;
    else if (value > low && value < high) {
      sum += weights[k]! * value;
      weight += weights[k]!;
    }
  }
  return { sum, weight, atLow, atHigh };
}

/** Share of the values equal to an end that remains when `cut` values are removed at that end. */
function keptShare(sorted: Float64Array, end: number, cut: number, fromTop: boolean): number {
  const first = sorted.indexOf(end);
  const last = sorted.lastIndexOf(end);
  const beyond = fromTop ? sorted.length - 1 - last : first;
  const equal = last - first + 1;
  return (equal - (cut - beyond)) / equal;
}
