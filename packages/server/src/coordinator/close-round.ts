import {
  addUpdate,
  adjustMask,
  aggregateUpdates,
  aggregatorNamed,
  meanTopGradients,
  regrowParams,
  unpackActive,
  type AdjustmentSpec,
  type AggregationSpec,
  type ClientUpdate,
  type ModelState,
  type MomentTree,
  type RoundAggregation,
  type TopGradientRequest,
} from '@espalier/core';
import { globalModel, type GlobalModel } from './global-model.js';

/** One round's accepted work, readable one at a time in partition order. */
export type UpdateReader = readonly (() => Promise<ClientUpdate>)[];

/** An update without its values: small enough to keep one of every client. */
export type UpdateSummary = Omit<ClientUpdate, 'delta'>;

/** How a round closes. */
export interface ClosingRules {
  readonly aggregation: AggregationSpec;
  /** Null for a round that leaves the mask alone. */
  readonly adjustment: {
    readonly requests: readonly TopGradientRequest[];
    readonly spec: AdjustmentSpec;
  } | null;
}

/** The model after a round, what it was made of, and what an adjustment exchanged per layer. */
export interface ClosedRound {
  readonly model: GlobalModel;
  readonly updates: readonly UpdateSummary[];
  readonly exchanged: Readonly<Record<string, number>> | null;
  /** What was seen of the updates on the way; positions are those of the reader. */
  readonly seen: Omit<RoundAggregation, 'values'>;
}

/**
 * Received values plus what the job's rule makes of the differences, in float64, in the order given; batch-norm moments
 * by the same rule. On an adjustment round then the exchange of weights (FedTiny, §5). Updates are read one at a time
 * and let go; how often, the rule says.
 */
export async function closeRound(
  model: GlobalModel,
  reader: UpdateReader,
  { aggregation, adjustment }: ClosingRules,
): Promise<ClosedRound> {
  const { graph, mask } = model;
  const { state, updates, seen } = await aggregatedState(model, reader, aggregation);
  if (adjustment === null) {
    return { model: globalModel(graph, mask, state, model.previousMask), updates, exchanged: null, seen };
  }
  const kept = seen.kept.map((at) => updates[at]!);
  const gradients = meanTopGradients(kept, adjustment.spec.gradientWeighting);
  const adjusted = adjustMask({ mask, params: state.params, gradients, requests: adjustment.requests });
  const params = regrowParams(state.params, mask, adjusted.mask);
  return {
    model: globalModel(graph, adjusted.mask, { params, moments: state.moments }, mask),
    updates,
    exchanged: Object.fromEntries(adjusted.exchanged),
    seen,
  };
}

interface AggregatedState {
  readonly state: ModelState;
  readonly updates: readonly UpdateSummary[];
  readonly seen: ClosedRound['seen'];
}

async function aggregatedState(
  { graph, mask, values }: GlobalModel,
  reader: UpdateReader,
  spec: AggregationSpec,
): Promise<AggregatedState> {
  const updates: UpdateSummary[] = [];
  const readers = reader.map((read, at) => async () => {
    const { delta, ...summary } = await read();
    updates[at] = summary;
    return { values: delta, weight: summary.samples };
  });
  const { values: update, ...seen } = await aggregateUpdates(
    { length: values.length, updates: readers },
    spec,
  );
  const params = unpackActive(graph, mask, addUpdate(values, update));
  return { state: { params, moments: aggregatedMoments(updates, seen, spec) }, updates, seen };
}

function aggregatedMoments(
  updates: readonly UpdateSummary[],
  { kept }: ClosedRound['seen'],
  { kind, weighting, options }: AggregationSpec,
): MomentTree {
  const reports = updates.map(({ moments, samples }) => ({
    moments,
    samples: weighting === 'equal' ? 1 : samples,
  }));
  return aggregatorNamed(kind).mergeMoments(reports, kept, options);
}
