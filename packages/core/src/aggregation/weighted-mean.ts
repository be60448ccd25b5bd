import { mergeMoments } from '../batchnorm/merge-moments.js';
import type { Aggregator, UpdateSource } from './aggregator.js';
import { everyUpdate, readUpdate, requireFinite, requireUpdates } from './check-update.js';

/**
 * Federated averaging (McMahan et al., AISTATS 2017): Σ n_k Δ_k / Σ n_k over packed active values. Every client of a
 * round shares the mask, so on active coordinates this equals the dense average (sparse FedAvg). Reads every update
 * once and keeps none: memory does not grow with their number.
 */
export const weightedMean: Aggregator = {
  id: 'weightedMean',
  summary: 'The mean of the updates, weighted by samples (McMahan et al., AISTATS 2017).',
  options: {},
  aggregate: async (source) => ({
    values: await meanOf(source, everyUpdate(source.updates.length)),
    kept: everyUpdate(source.updates.length),
  }),
  coordinateRule: null,
  mergeMoments: (reports) => mergeMoments(reports),
};

/** Σ w·x / Σ w over the updates at those positions, one in memory at a time. @throws EspalierError as an aggregator. */
export async function meanOf(source: UpdateSource, positions: readonly number[]): Promise<Float64Array> {
  requireUpdates(source);
  const sum = new Float64Array(source.length);
  let total = 0;
  for (const at of positions) {
    const { values, weight } = await readUpdate(source, at);
    for (let i = 0; i < sum.length; i++) sum[i]! += weight * values[i]!;
    total += weight;
  }
  for (let i = 0; i < sum.length; i++) {
    requireFinite(sum[i]!, i);
    sum[i] = sum[i]! / total;
  }
  return sum;
}
