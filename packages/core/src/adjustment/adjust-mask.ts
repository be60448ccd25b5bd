import { difference, disjointUnion, maskDelta } from '../mask/delta.js';
import { largestAt } from '../mask/largest-at.js';
import { layerOf, layerValues } from '../mask/layer-values.js';
import type { LayerMask, Mask } from '../mask/mask.js';
import { topK } from '../mask/top-k.js';
import type { ParamTree } from '../params/model-state.js';
import type { MaskDeltaLayer } from '../mask/mask-update.js';
import type { TopGradientRequest } from '../trainer/trainer.js';
import type { MeanGradient } from './mean-gradients.js';

/** Inputs of an adjustment. */
export interface AdjustmentInputs {
  readonly mask: Mask;
  /** The *aggregated* weights under that mask. */
  readonly params: ParamTree;
  /** Mean gradients of inactive weights per layer. */
  readonly gradients: ReadonlyMap<string, MeanGradient>;
  /** The very requests that clients were sent: the a_t to exchange per layer, computed once. */
  readonly requests: readonly TopGradientRequest[];
}

/** An adjusted mask and what changed. */
export interface MaskAdjustment {
  /** The successor; the mask itself, and no new version, when nothing was exchanged. */
  readonly mask: Mask;
  /** Weights dropped, and as many grown, by parameter name; changed layers only. */
  readonly exchanged: ReadonlyMap<string, number>;
}

/**
 * FedTiny's prune-and-grow (Huang et al. 2023; RigL's rule, Evci et al. 2020): in every layer asked for, the
 * a_t active weights of smallest |w| are dropped, and of the weights inactive *before* this step the a_t with
 * the largest |g̃| are grown, so that none dropped now returns at once. Of equals, the lower index is kept or
 * grown. Where fewer than a_t inactive weights have a gradient other than 0, fewer are exchanged: every layer
 * keeps its number of active weights exactly.
 * @throws EspalierError `invalid_mask`, `invalid_params`, `not_finite`.
 */
export function adjustMask({ mask, params, gradients, requests }: AdjustmentInputs): MaskAdjustment {
  const changes = requests
    .map(({ layer, count }) => {
      const current = layerOf(mask, layer);
      const gradient = gradients.get(layer) ?? NO_GRADIENT;
      return exchangeWeights(current, layerValues(current, params), gradient, count);
    })
    .filter(({ grown }) => grown.length > 0);
  const exchanged = new Map(changes.map(({ name, grown }) => [name, grown.length]));
  if (changes.length === 0) return { mask, exchanged };
  const layers = changes.map((change) => changedLayer(layerOf(mask, change.name), change));
  return { mask: mask.successor(layers), exchanged };
}

/**
 * The parameters after an adjustment from one mask to another: 0 where a weight was dropped, and 0 where one
 * was grown, since it starts at 0. Changed layers are copied, all others shared.
 * @throws EspalierError `invalid_mask` when the masks do not have the same layers, `invalid_params`.
 */
export function regrowParams(params: ParamTree, before: Mask, after: Mask): ParamTree {
  const adjusted = new Map(params);
  for (const { name, dropped, grown } of maskDelta(before, after)) {
    const values = layerValues(layerOf(before, name), params).slice();
    for (const index of dropped) values[index] = 0;
    for (const index of grown) values[index] = 0;
    adjusted.set(name, values);
  }
  return adjusted;
}

const NO_GRADIENT: MeanGradient = { indices: new Uint32Array(0), values: new Float64Array(0) };

function exchangeWeights(
  { name, active }: LayerMask,
  weights: Float32Array,
  gradient: MeanGradient,
  count: number,
): MaskDeltaLayer {
  const growable = growablePositions(active, gradient);
  const exchange = Math.min(count, growable.length, active.length);
  const strongest = topK(
    growable.map((position) => Math.abs(gradient.values[position]!)),
    exchange,
  );
  const kept = largestAt(weights, active, active.length - exchange);
  return {
    name,
    dropped: difference(active, kept),
    grown: strongest.map((slot) => gradient.indices[growable[slot]!]!),
  };
}

/** Positions in the gradient whose weight is inactive and whose gradient is not 0. */
function growablePositions(active: Uint32Array, { indices, values }: MeanGradient): number[] {
  const positions: number[] = [];
  let next = 0;
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    while (next < active.length && active[next]! < index) next++;
    if (active[next] !== index && values[i] !== 0) positions.push(i);
  }
  return positions;
}

function changedLayer({ name, size, active }: LayerMask, { dropped, grown }: MaskDeltaLayer): LayerMask {
  return { name, size, active: disjointUnion(difference(active, dropped), grown) };
}
