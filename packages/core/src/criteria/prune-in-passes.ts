import type { KeptCounts } from '../allocation/allocation.js';
import { EspalierError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { difference } from '../mask/delta.js';
import { layerValues, valuesAt } from '../mask/layer-values.js';
import { denseMask, Mask, type LayerMask } from '../mask/mask.js';
import { topK } from '../mask/top-k.js';
import type { ParamTree } from '../params/model-state.js';
import { applyMask } from '../params/pack.js';
import { pow } from '../random/elementary.js';
import type { ScoreTree } from './criterion.js';

/** Settings for making a mask in several passes. */
export interface PruningPasses {
  /** Over maskable weights: where the last pass ends. */
  readonly density: number;
  /** A whole number of at least 1. */
  readonly passes: number;
  /** Scores the weights that are left; pruned ones are 0, and their scores do not count. */
  readonly score: (params: ParamTree) => ScoreTree | Promise<ScoreTree>;
  /** Spreads a pass's density over the layers, given the weights that are left. */
  readonly counts: (
    density: number,
    inputs: { readonly scores: ScoreTree; readonly left: Mask },
  ) => KeptCounts;
}

/**
 * Prunes in passes to d^(i ÷ n) at pass i of n, scoring the remaining weights again in each (the exponential
 * schedule of SynFlow, Tanaka et al., NeurIPS 2020, algorithm 1). A removed weight does not return; a single
 * pass scores once.
 * @throws EspalierError `invalid_argument`, and the errors of scoring and spreading.
 */
export async function pruneInPasses(
  graph: ModelGraph,
  params: ParamTree,
  { density, passes, score, counts }: PruningPasses,
): Promise<Mask> {
  if (!Number.isSafeInteger(passes) || passes < 1) {
    throw new EspalierError(
      'invalid_argument',
      `passes is ${passes}; it must be a whole number of at least 1`,
    );
  }
  let left = denseMask(graph);
  const own = applyMask(graph, left, params);
  for (let pass = 1; pass <= passes; pass++) {
    const scores = await score(own);
    // The last pass ends exactly where the job does.
    const target = pass === passes ? density : pow(density, pass / passes);
    const kept = counts(target, { scores, left });
    left = new Mask(left.layers.map((layer) => prunedLayer(layer, scores, { kept, own })));
  }
  return left;
}

/** The layer's highest scores of those that are left; the weights that go are set to 0. */
function prunedLayer(
  layer: LayerMask,
  scores: ScoreTree,
  { kept, own }: { readonly kept: KeptCounts; readonly own: ParamTree },
): LayerMask {
  const { name, size, active } = layer;
  const count = Math.min(active.length, kept.get(name) ?? active.length);
  if (count === active.length) return layer;
  const best = topK(valuesAt(layerValues(layer, scores), active), count);
  const next = valuesOf(active, best);
  const values = layerValues(layer, own);
  for (const index of difference(active, next)) values[index] = 0;
  return { name, size, active: next };
}

function valuesOf(indices: Uint32Array, positions: Uint32Array): Uint32Array {
  return positions.map((position) => indices[position]!);
}
