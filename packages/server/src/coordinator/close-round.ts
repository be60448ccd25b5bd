import {
  addUpdate,
  applyMask,
  aggregateUpdates,
  aggregatorNamed,
  coordinateRule,
  meanTopGradients,
  moveSlots,
  regrowParams,
  serverOptimizerNamed,
  unpackActive,
  type AggregationSpec,
  type ClientUpdate,
  type MaskRule,
  type ModelState,
  type MomentTree,
  type OptimizerSlots,
  type ParamTree,
  type RoundAggregation,
  type RuleMoment,
  type ServerOptimizerSpec,
  type TopGradientRequest,
  type UpdateProfile,
} from '@espalier/core';
import { globalModel, type SteppedModel } from './global-model.js';

/** One round's accepted work in partition order. */
export interface UpdateReader {
  /** Read one at a time: an update's values hold until the next is read. A reader may be called again. */
  readonly updates: readonly (() => Promise<ClientUpdate>)[];
  /** What was made of an update when it came; null for those from before a restart. */
  readonly profileAt: (at: number) => UpdateProfile | null;
}

/** An update without its values: small enough to keep one of every client. */
export type UpdateSummary = Omit<ClientUpdate, 'delta'>;

/** How the mask changes at the end of a round. */
export interface MaskChange {
  readonly rule: MaskRule;
  readonly moment: RuleMoment;
  /** What clients were asked. */
  readonly requests: readonly TopGradientRequest[];
  /** Where weights start again under a rule that rewinds. */
  readonly origin: () => ParamTree;
}

/** How a round closes. */
export interface ClosingRules {
  /** From 0. */
  readonly round: number;
  readonly serverOptimizer: ServerOptimizerSpec;
  readonly aggregation: AggregationSpec;
  /** Null for a round that leaves the mask alone. */
  readonly adjustment: MaskChange | null;
}

/** The model after a round, what it was made of, and what an adjustment exchanged per layer. */
export interface ClosedRound extends SteppedModel {
  readonly updates: readonly UpdateSummary[];
  readonly exchanged: Readonly<Record<string, number>> | null;
  /** What was seen of the updates on the way; positions are those of the reader. */
  readonly seen: Omit<RoundAggregation, 'values'>;
}

/**
 * Received values plus the step that the job's server optimiser makes of what its rule makes of the differences, in
 * float64, in the order given; batch-norm moments by the same rule. On an adjustment round then the change of mask that the
 * method's rule makes. Updates are read one at a time
 * and let go; how often, the rule says.
 */
export async function closeRound(
  before: SteppedModel,
  reader: UpdateReader,
  rules: ClosingRules,
): Promise<ClosedRound> {
  const { graph, mask, previousMask } = before.model;
  const { adjustment } = rules;
  const { state, slots, updates, seen } = await steppedState(before, reader, rules);
  if (adjustment === null) {
    const model = globalModel(graph, mask, state, previousMask);
    return { model, slots, updates, exchanged: null, seen };
  }
  const kept = seen.kept.map((at) => updates[at]!);
  const { rule, moment, requests, origin } = adjustment;
  const gradients = meanTopGradients(
    kept,
    moment.spec.gradientWeighting,
    coordinateRule(rules.aggregation)?.rule ?? null,
  );
  const adjusted = rule.adjust(moment, { params: state.params, gradients, requests });
  const params = rule.rewinds
    ? applyMask(graph, adjusted.mask, origin())
    : regrowParams(state.params, mask, adjusted.mask);
  return {
    model: globalModel(graph, adjusted.mask, { params, moments: state.moments }, mask),
    slots: moveSlots(graph, slots, { before: mask, after: adjusted.mask }),
    updates,
    exchanged: Object.fromEntries(adjusted.exchanged),
    seen,
  };
}

interface SteppedState {
  readonly state: ModelState;
  readonly slots: OptimizerSlots;
  readonly updates: readonly UpdateSummary[];
  readonly seen: ClosedRound['seen'];
}

async function steppedState(
  { model: { graph, mask, values }, slots: before }: SteppedModel,
  reader: UpdateReader,
  { round, aggregation, serverOptimizer: { kind, options } }: ClosingRules,
): Promise<SteppedState> {
  const updates: UpdateSummary[] = [];
  const readers = reader.updates.map((read, at) => async () => {
    const { delta, ...summary } = await read();
    updates[at] = summary;
    return { values: delta, weight: summary.samples };
  });
  const source = { length: values.length, updates: readers, profileAt: reader.profileAt };
  const { values: delta, ...seen } = await aggregateUpdates(source, aggregation);
  const { update, slots } = serverOptimizerNamed(kind).step(delta, before, { round, options });
  const params = unpackActive(graph, mask, addUpdate(values, update));
  return { state: { params, moments: aggregatedMoments(updates, seen, aggregation) }, slots, updates, seen };
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
