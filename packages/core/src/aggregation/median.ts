import type { Aggregator } from './aggregator.js';
import { everyUpdate } from './check-update.js';
import { columnMoments } from './column-moments.js';
import type { ColumnRule } from './column-rule.js';
import { foldColumns } from './fold-columns.js';

/**
 * Coordinate-wise median (Yin et al., ICML 2018, Definition 1), weighted by samples: the value at which half
 * of the weight lies on either side; the middle of two where the weight splits evenly between them. Needs a
 * coordinate of all updates at once; see `foldColumns` for the cost. With `weighting: equal` no client gains
 * by claiming samples, and it withstands every minority; of two updates it would be the mean, or the heavier
 * one.
 */
export const median: Aggregator = {
  id: 'median',
  summary: 'At each weight the middle of the values, by samples (Yin et al., ICML 2018).',
  takesParts: false,
  options: {},
  aggregate: async (source) => ({
    values: await foldColumns(source, weightedMedian),
    kept: everyUpdate(source.updates.length),
  }),
  coordinateRule: () => weightedMedian,
  resistance: () => ({ hostile: 1, fewest: 3, option: null }),
  mergeMoments: (reports) => columnMoments(reports, weightedMedian),
};

/** The rule for one coordinate. */
export const weightedMedian: ColumnRule = (column, weights) => {
  const order = [...column.keys()].sort((a, b) => column[a]! - column[b]!);
  const half = weights.reduce((sum, weight) => sum + weight, 0) / 2;
  let below = 0;
  for (const [i, k] of order.entries()) {
    below += weights[k]!;
    if (below < half) continue;
    const value = column[k]!;
    const next = order[i + 1];
    return below === half && next !== undefined ? (value + column[next]!) / 2 : value;
  }
  return column[order.at(-1)!]!;
};
