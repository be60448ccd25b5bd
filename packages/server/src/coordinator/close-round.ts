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
export type UpdateReader = readonly (() => ClientUpdate)[];

/** The model after a round, and what an adjustment exchanged per layer. */
export interface ClosedRound {
  readonly model: GlobalModel;
  readonly exchanged: Readonly<Record<string, number>> | null;
}

/**
 * Sparse federated averaging: received values plus the sample-weighted mean of the differences, in float64, folded in
 * the order given; batch-norm moments pooled. On an adjustment round then the exchange of weights (FedTiny, §5).
 */
export function closeRound(
  model: GlobalModel,
  updates: UpdateReader,
  adjustment: { readonly requests: readonly TopGradientRequest[]; readonly spec: AdjustmentSpec } | null,
): ClosedRound {
  const { graph, mask } = model;
  const state = averagedState(model, updates);
  if (adjustment === null)
    return { model: globalModel(graph, mask, state, model.previousMask), exchanged: null };
  const reports = updates.map((read) => {
    const { samples, topGradients } = read();
    return { samples, topGradients };
  });
  const gradients = meanTopGradients(reports, adjustment.spec.gradientWeighting);
  const adjusted = adjustMask({ mask, params: state.params, gradients, requests: adjustment.requests });
  const params = regrowParams(state.params, mask, adjusted.mask);
  return {
    model: globalModel(graph, adjusted.mask, { params, moments: state.moments }, mask),
    exchanged: Object.fromEntries(adjusted.exchanged),
  };
}

function averagedState({ graph, mask, values }: GlobalModel, updates: UpdateReader): ModelState {
  let sum = weightedMean.init(values.length);
  const moments = updates.map((read) => {
    const update = read();
    sum = weightedMean.accumulate(sum, { values: update.delta, weight: update.samples });
    return { moments: update.moments, samples: update.samples };
  });
  const difference = weightedMean.finalize(sum);
  return { params: unpackActive(graph, mask, addUpdate(values, difference)), moments: mergeMoments(moments) };
}
