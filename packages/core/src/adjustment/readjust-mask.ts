import { EspalierError } from '../errors.js';
import { applyMaskDelta, maskDelta } from '../mask/delta.js';
import type { Mask } from '../mask/mask.js';
import { nearestWhole } from '../mask/top-k.js';
import type { ParamTree } from '../params/model-state.js';
import type { OwnMask } from '../mask/mask-update.js';
import type { TopGradientRequest, TopGradients } from '../trainer/trainer.js';
import { adjustMask } from './adjust-mask.js';

/**
 * Exchange by a client that readjusts its mask: in every layer the share of its active weights, to the
 * nearest whole number, or as many as are inactive if that is fewer; layers with nothing to exchange are left
 * out.
 */
export function readjustmentRequests(mask: Mask, share: number): readonly TopGradientRequest[] {
  return mask.layers
    .map(({ name, size, active }) => ({
      layer: name,
      count: Math.min(nearestWhole(share * active.length), size - active.length),
    }))
    .filter(({ count }) => count > 0);
}

/**
 * A client's own prune-and-grow (FedDST, Bibikar et al., AAAI 2022; RigL's rule): its smallest weights are
 * dropped, those of its largest gradients grown. The mask itself where nothing is exchanged.
 * @param top gradients of the mask's inactive weights, as asked for by {@link readjustmentRequests}
 * @throws EspalierError as `adjustMask`.
 */
export function readjustMask(mask: Mask, params: ParamTree, top: readonly TopGradients[]): Mask {
  const requests = top.map(({ layer, indices }) => ({ layer, count: indices.length }));
  const gradients = new Map(
    top.map(({ layer, indices, values }) => [layer, { indices, values: Float64Array.from(values) }]),
  );
  return adjustMask({ mask, params, gradients, requests }).mask;
}

/** The client's mask as it is sent: the changes from the one it received. */
export function ownMaskOf(received: Mask, own: Mask): OwnMask {
  return { hash: own.hash, layers: maskDelta(received, own) };
}

/**
 * The mask that a client made of the one it received.
 * @param share what it was asked to exchange
 * @throws EspalierError `invalid_mask` when the changes do not fit the mask or exchange more than that, or
 * grow a different number than they drop, or when the result's hash differs from the client's.
 */
export function followOwnMask(received: Mask, { hash, layers }: OwnMask, share: number): Mask {
  const asked = new Map(readjustmentRequests(received, share).map(({ layer, count }) => [layer, count]));
  for (const { name, dropped, grown } of layers) {
    const most = asked.get(name) ?? 0;
    if (dropped.length === grown.length && grown.length <= most) continue;
    throw new EspalierError(
      'invalid_mask',
      `layer ${name}: a client dropped ${dropped.length} and grew ${grown.length} weights; expected as many of both, at most ${most}`,
      { name, most },
    );
  }
  const own = layers.length === 0 ? received : applyMaskDelta(received, received.hash, layers);
  if (own.hash === hash) return own;
  throw new EspalierError(
    'invalid_mask',
    `a client's own mask came out as ${own.hash}, announced was ${hash}`,
  );
}
