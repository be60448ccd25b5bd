import type { ModelGraph } from '../graph/model-graph.js';
import { Mask } from '../mask/mask.js';
import type { ModelState, ParamTree } from '../params/model-state.js';
import { packActive, unpackActive, unpackKept } from '../params/pack.js';
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
  pool: NestedPool,
  counts: Uint32Array,
): { readonly mask: Mask; readonly params: ParamTree } {
  const { union, mask } = candidateMasks(graph, pool, counts);
  return { mask, params: unpackKept(graph, { mask: union, kept: mask }, pool.values) };
}

interface PoolMasks {
  readonly union: Mask;
  readonly byCounts: Map<Uint32Array, Mask>;
}

/** A pool's masks follow from it alone, and every client that holds it asks for each of them twice. */
const knownMasks = new WeakMap<NestedPool, PoolMasks>();

function candidateMasks(
  graph: ModelGraph,
  pool: NestedPool,
  counts: Uint32Array,
): { readonly union: Mask; readonly mask: Mask } {
  const known: PoolMasks = knownMasks.get(pool) ?? { union: new Mask(pool.union), byCounts: new Map() };
  knownMasks.set(pool, known);
  const { union, byCounts } = known;
  const mask =
    byCounts.get(counts) ?? candidateMask(graph, pool.union, unpackActive(graph, union, pool.values), counts);
  byCounts.set(counts, mask);
  return { union, mask };
}
