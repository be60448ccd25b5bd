import type { ModelGraph } from '../graph/model-graph.js';
import { Mask } from '../mask/mask.js';
import type { ModelState, ParamTree } from '../params/model-state.js';
import { applyMask, packActive, unpackActive } from '../params/pack.js';
import { candidateMask, type NestedPoolPlan } from '../schedule/candidate-pool.js';
import type { NestedPool } from './messages.js';

/** The pool with its values, as it is sent: about one sparse model, however many candidates there are. */
export function nestedPool(
  graph: ModelGraph,
  { union, counts }: NestedPoolPlan,
  state: ModelState,
): NestedPool {
  const values = packActive(graph, new Mask(union), state.params);
  return { union, values, counts, moments: state.moments };
}

/**
 * One candidate, rebuilt from the pool alone: nothing of a candidate looked at before can reach it.
 * @param counts the candidate's row of the pool's table
 */
export function candidateModel(
  graph: ModelGraph,
  { union, values }: NestedPool,
  counts: Uint32Array,
): { readonly mask: Mask; readonly params: ParamTree } {
  const whole = unpackActive(graph, new Mask(union), values);
  const mask = candidateMask(graph, union, whole, counts);
  return { mask, params: applyMask(graph, mask, whole) };
}
