import type { UpdateSummary, ClientUpdate } from '../trainer/client-update.js';
import { addUpdate } from '../aggregation/add-update.js';
import { applyMask, packActive, packedLength, unpackActive } from '../params/pack.js';
import { aggregateUpdates, type RoundAggregation } from '../aggregation/aggregate-updates.js';
import { aggregatorNamed } from '../aggregation/registry.js';
import { coordinateRule, type CoordinateRule } from '../aggregation/coordinate-rule.js';
import { meanTopGradients } from '../adjustment/mean-gradients.js';
import { moveSlots } from '../server-optimizer/slots.js';
import { regrowParams } from '../adjustment/adjust-mask.js';
import { serverOptimizerNamed } from '../server-optimizer/registry.js';
import type { AggregationSpec } from '../aggregation/aggregation-spec.js';
import type { Mask } from '../mask/mask.js';
import type { MaskRule, RuleMemory, AdjustmentContext, RuleObserver } from '../mask-rules/mask-rule.js';
import type { ModelState, MomentTree, ParamTree } from '../params/model-state.js';
import type { OptimizerSlots } from '../server-optimizer/server-optimizer.js';
import type { ServerOptimizerSpec } from '../server-optimizer/spec.js';
import type { TopGradientRequest } from '../trainer/trainer.js';
import type { UpdateProfile } from '../aggregation/update-profile.js';
import { globalModel, type SteppedModel } from './global-model.js';
import { readParts, type RoundParts } from './round-parts.js';

/** One round's accepted work in partition order. */
export interface UpdateReader {
  /**
   * Read one at a time: an update's values are valid until the next is read. A reader may be called again.
   */
  readonly updates: readonly (() => Promise<ClientUpdate>)[];
  /** Profile made of an update when it arrived; null for updates from before a restart. */
  readonly profileAt: (at: number) => UpdateProfile | null;
}

/** Change of the mask at the end of a round. */
export interface MaskChange {
  readonly rule: MaskRule;
  readonly context: AdjustmentContext;
  /** Requests that clients received. */
  readonly requests: readonly TopGradientRequest[];
  /** Parameters to which weights return under a rule that rewinds. */
  readonly origin: () => ParamTree;
}

/** Rules by which a round closes. */
export interface ClosingRules {
  /** From 0. */
  readonly round: number;
  readonly serverOptimizer: ServerOptimizerSpec;
  readonly aggregation: AggregationSpec;
  /** Clients that a round asks. */
  readonly intended: number;
  /** The mask that an update was trained under; null if all have the round's. */
  readonly maskOf: ((update: UpdateSummary) => Mask) | null;
  /** Looks at every client's weights; null where the method remembers nothing. */
  readonly observer: RuleObserver | null;
  /** Null for a round that leaves the mask alone. */
  readonly adjustment: MaskChange | null;
}

/**
 * The model after a round, the updates it was made from, and the weights that an adjustment exchanged per
 * layer.
 */
export interface ClosedRound extends SteppedModel {
  readonly updates: readonly UpdateSummary[];
  readonly exchanged: Readonly<Record<string, number>> | null;
  /** Observations made while the updates were read; positions are those of the reader. */
  readonly seen: Omit<RoundAggregation, 'values'>;
  /** Memory of the method from now on; null if it keeps none. */
  readonly memory: RuleMemory | null;
}

/**
 * Closes a round: the job's rule combines the differences, its server optimiser turns the result into a step,
 * and the step is added to the sent values, in float64, in the order given; batch-norm moments are combined
 * by the same rule. On an adjustment round the method's rule then changes the mask. A weight that no client
 * held keeps its value. Updates are read one at a time and released; the rule decides how often.
 */
export async function closeRound(
  before: SteppedModel,
  reader: UpdateReader,
  rules: ClosingRules,
): Promise<ClosedRound> {
  const { graph, mask, ranks, previousMask } = before.model;
  const { maskOf, adjustment } = rules;
  const parts = maskOf && (await readParts(graph, mask, reader.updates, maskOf));
  const stepped = await steppedState(before, reader, rules, parts);
  const { state, slots, updates, seen } = stepped;
  const memory = await observed(before, reader, { rules, parts, stepped });
  if (adjustment === null) {
    const kept = { ...state, params: ownParams(stepped, mask) };
    const model = globalModel(graph, mask, kept, { previousMask, ranks });
    return { model, slots: slotsUnder(stepped, mask), updates, exchanged: null, seen, memory };
  }
  const adjusted = adjust(adjustment, {
    parts,
    stepped,
    memory: memory ?? {},
    rule: coordinateRule(rules.aggregation, rules.intended),
  });
  const params = adjustment.rule.rewinds
    ? applyMask(graph, adjusted.mask, adjustment.origin())
    : ownParams(stepped, adjusted.mask);
  const descent = { previousMask: mask, ...(adjusted.mask === mask ? { ranks } : {}) };
  return {
    model: globalModel(graph, adjusted.mask, { params, moments: state.moments }, descent),
    slots: moveSlots(graph, slots, { before: stepped.base, after: adjusted.mask }),
    updates,
    exchanged: Object.fromEntries(adjusted.exchanged),
    seen,
    memory: adjusted.memory ?? memory,
  };
}

/** A round's step before its mask changes. */
interface SteppedState {
  readonly model: SteppedModel['model'];
  /** Mask of parameters and slots: the round's mask, and the weights that clients have grown. */
  readonly base: Mask;
  readonly state: ModelState;
  readonly slots: OptimizerSlots;
  readonly updates: readonly UpdateSummary[];
  readonly seen: ClosedRound['seen'];
}

interface Stepped {
  readonly parts: RoundParts | null;
  readonly stepped: SteppedState;
}

async function steppedState(
  { model, slots: before }: SteppedModel,
  reader: UpdateReader,
  { round, aggregation, intended, serverOptimizer: { kind, options } }: ClosingRules,
  parts: RoundParts | null,
): Promise<SteppedState> {
  const { graph, mask } = model;
  const base = parts?.base ?? mask;
  const updates: UpdateSummary[] = [];
  const readers = reader.updates.map((read, at) => async () => {
    const { delta, ...summary } = await read();
    updates[at] = summary;
    return { ...(parts?.spread(at, delta) ?? { values: delta }), weight: summary.samples };
  });
  // A profile made when its update arrived describes the values as sent.
  const profileAt = parts === null ? reader.profileAt : () => null;
  const source = { length: packedLength(graph, base), updates: readers, profileAt, asked: intended };
  const { values: delta, ...seen } = await aggregateUpdates(source, aggregation);
  const remembered = base === mask ? before : moveSlots(graph, before, { before: mask, after: base });
  const { update, slots } = serverOptimizerNamed(kind).step(delta, remembered, { round, options });
  parts?.keepUnheld(update, seen.kept);
  const params = unpackActive(graph, base, addUpdate(valuesUnder(model, base), update));
  const moments = aggregatedMoments(updates, seen, { ...aggregation, intended }) ?? model.state.moments;
  return { model, base, state: { params, moments }, slots, updates, seen };
}

/** Values that clients began with, in the order of that mask; weights that they have grown began at 0. */
function valuesUnder({ graph, mask, state, values }: SteppedModel['model'], base: Mask): Float32Array {
  return base === mask ? values : packActive(graph, base, state.params);
}

/**
 * The parameters under the mask that follows: 0 where it is inactive, and where no client has trained yet.
 */
function ownParams({ model: { graph, mask }, base, state }: SteppedState, next: Mask): ParamTree {
  if (base !== mask) return applyMask(graph, next, state.params);
  return next === mask ? state.params : regrowParams(state.params, mask, next);
}

function slotsUnder({ model: { graph }, base, slots }: SteppedState, mask: Mask): OptimizerSlots {
  return base === mask ? slots : moveSlots(graph, slots, { before: base, after: mask });
}

/** Shows the observer every update that counted, and the aggregate. */
async function observed(
  { model }: SteppedModel,
  reader: UpdateReader,
  { rules: { observer }, parts, stepped }: Stepped & { readonly rules: ClosingRules },
): Promise<RuleMemory | null> {
  if (observer === null) return null;
  const began = valuesUnder(model, stepped.base);
  for (const at of stepped.seen.kept) {
    const { delta, samples } = await reader.updates[at]!();
    const mask = parts?.masks[at] ?? model.mask;
    const own = parts?.gather(at, began) ?? began;
    const weights = unpackActive(
      model.graph,
      mask,
      delta.map((value, i) => value + own[i]!),
    );
    observer.client(weights, mask, samples);
  }
  return observer.close(stepped.state.params);
}

function adjust(
  { rule, context, requests }: MaskChange,
  {
    parts,
    stepped,
    memory,
    rule: ofCoordinates,
  }: Stepped & {
    readonly memory: RuleMemory;
    readonly rule: CoordinateRule | null;
  },
): ReturnType<MaskRule['adjust']> {
  const { updates, seen, state } = stepped;
  const reports = seen.kept.map((at) => updates[at]!);
  const ownMasks = seen.kept.flatMap((at) => (updates[at]!.ownMask ? (parts?.masks[at] ?? []) : []));
  const gradients = meanTopGradients(reports, context.spec.gradientWeighting, ofCoordinates?.rule ?? null);
  return rule.adjust(context, { params: state.params, gradients, requests, reports, ownMasks, memory });
}

/** Null where updates carry no moments, for the new model's are measured afterwards. */
function aggregatedMoments(
  updates: readonly UpdateSummary[],
  { kept }: ClosedRound['seen'],
  { kind, weighting, options, intended }: AggregationSpec & { readonly intended: number },
): MomentTree | null {
  const reports = updates.flatMap(({ moments, samples }) =>
    moments === null ? [] : [{ moments, samples: weighting === 'equal' ? 1 : samples }],
  );
  if (reports.length < updates.length) return null;
  return aggregatorNamed(kind).mergeMoments(reports, kept, options, intended);
}
