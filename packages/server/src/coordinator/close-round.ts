import {
  addUpdate,
  adjustMask,
  meanTopGradients,
  mergeMoments,
  regrowParams,
  unpackActive,
  weightedMean,
  type AdjustmentSpec,
  type ClientUpdate,
  type ModelState,
  type TopGradientRequest,
} from '@espalier/core';
import { globalModel, type GlobalModel } from './global-model.js';

/** One round's accepted work, readable one at a time in partition order. */
export type UpdateReader = readonly (() => Promise<ClientUpdate>)[];

/** An update without its values: small enough to keep one of every client. */
export type UpdateSummary = Omit<ClientUpdate, 'delta'>;

/** The model after a round, what it was made of, and what an adjustment exchanged per layer. */
export interface ClosedRound {
  readonly model: GlobalModel;
  readonly updates: readonly UpdateSummary[];
  readonly exchanged: Readonly<Record<string, number>> | null;
}

/**
 * Sparse federated averaging: received values plus the sample-weighted mean of the differences, in float64, folded in
 * the order given; batch-norm moments pooled. On an adjustment round then the exchange of weights (FedTiny, §5).
 * Every update is read once and let go.
 */
export async function closeRound(
  model: GlobalModel,
  reader: UpdateReader,
  adjustment: { readonly requests: readonly TopGradientRequest[]; readonly spec: AdjustmentSpec } | null,
): Promise<ClosedRound> {
  const { graph, mask } = model;
  const { state, updates } = await averagedState(model, reader);
  if (adjustment === null) {
    return { model: globalModel(graph, mask, state, model.previousMask), updates, exchanged: null };
  }
  const gradients = meanTopGradients(updates, adjustment.spec.gradientWeighting);
  const adjusted = adjustMask({ mask, params: state.params, gradients, requests: adjustment.requests });
  const params = regrowParams(state.params, mask, adjusted.mask);
  return {
    model: globalModel(graph, adjusted.mask, { params, moments: state.moments }, mask),
    updates,
    exchanged: Object.fromEntries(adjusted.exchanged),
  };
}

async function averagedState(
  { graph, mask, values }: GlobalModel,
  reader: UpdateReader,
): Promise<{ readonly state: ModelState; readonly updates: readonly UpdateSummary[] }> {
  let sum = weightedMean.init(values.length);
  const updates: UpdateSummary[] = [];
  for (const read of reader) {
    const { delta, ...summary } = await read();
    sum = weightedMean.accumulate(sum, { values: delta, weight: summary.samples });
    updates.push(summary);
  }
  const params = unpackActive(graph, mask, addUpdate(values, weightedMean.finalize(sum)));
  return { state: { params, moments: mergeMoments(updates) }, updates };
}
