import { type LayerMask, Mask } from '../mask/mask.js';
import type { MomentTree, ModelState, ParamTree } from '../params/model-state.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { packActive, unpackActive, unpackKept } from '../params/pack.js';
import { candidateMask, type NestedPoolPlan } from './candidate-pool.js';

/** FedTiny's pool in nested form: every candidate keeps the first `counts[c][l]` weights of layer l by magnitude. */
export interface NestedPool {
  /** The largest candidate's weights per layer: its mask, whole. */
  readonly union: readonly LayerMask[];
  /** Canonical order, active values of `union`, all values of the always-dense parameters. */
  readonly values: Float32Array;
  /** Candidates × layers, in the order of `union`. */
  readonly counts: readonly Uint32Array[];
  readonly moments: MomentTree;
}

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
 * One candidate, rebuilt from the pool alone: nothing of an earlier candidate can reach it.
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

/** A pool's masks depend on the pool alone, and every client that holds it needs each of them twice. */
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
