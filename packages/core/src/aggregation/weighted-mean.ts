import { mergeMoments } from '../batchnorm/merge-moments.js';
import type { Aggregator, UpdateSource, WeightedUpdate } from './aggregator.js';
import { everyUpdate, readUpdate, requireFinite, requireUpdates } from './check-update.js';

/**
 * Federated averaging (McMahan et al., AISTATS 2017): Σ n_k Δ_k / Σ n_k over packed active values. Where
 * every client of a round shares the mask, this equals the dense average on active coordinates (sparse
 * FedAvg). Where clients hold parts of it, both sums run over the clients that held the coordinate (HeteroFL,
 * Diao et al., ICLR 2021), and a coordinate that none held moves by 0. Reads every update once and keeps
 * none: memory does not grow with their number.
 */
export const weightedMean: Aggregator = {
  id: 'weightedMean',
  summary: 'The mean of the updates, weighted by samples (McMahan et al., AISTATS 2017).',
  options: {},
  takesParts: true,
  aggregate: async (source) => ({
    values: await meanOf(source, everyUpdate(source.updates.length)),
    kept: everyUpdate(source.updates.length),
  }),
  coordinateRule: null,
  resistance: null,
  mergeMoments: (reports) => mergeMoments(reports),
};

/**
 * Σ w·x / Σ w over the updates at those positions, one in memory at a time, each coordinate over the clients
 * that held it.
 * @throws EspalierError as an aggregator.
 */
export async function meanOf(source: UpdateSource, positions: readonly number[]): Promise<Float64Array> {
  requireUpdates(source);
  const sum = new Float64Array(source.length);
  /** Weight of the updates that were whole, and of the others at each coordinate. */
  let whole = 0;
  let parts: Float64Array | null = null;
  for (const at of positions) {
    const { values, weight, held } = await readUpdate(source, at);
    if (held !== undefined) {
      parts = addHeld(sum, parts ?? new Float64Array(source.length), { values, weight, held });
      continue;
    }
    for (let i = 0; i < sum.length; i++) sum[i]! += weight * values[i]!;
    whole += weight;
  }
  for (let i = 0; i < sum.length; i++) {
    requireFinite(sum[i]!, i);
    const weight = whole + (parts?.[i] ?? 0);
    sum[i] = weight > 0 ? sum[i]! / weight : 0;
  }
  return sum;
}

function addHeld(
  sum: Float64Array,
  weights: Float64Array,
  { values, weight, held }: Required<WeightedUpdate>,
): Float64Array {
  for (let i = 0; i < sum.length; i++) {
    if (held[i] !== 1) continue;
    sum[i]! += weight * values[i]!;
    weights[i]! += weight;
  }
  return weights;
}
