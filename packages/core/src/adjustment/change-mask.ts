import { maskDelta } from '../mask/delta.js';
import { largestAt } from '../mask/largest-at.js';
import { layerOf, layerValues } from '../mask/layer-values.js';
import type { LayerMask, Mask } from '../mask/mask.js';
import type { ParamTree } from '../params/model-state.js';
import type { MaskAdjustment } from './adjust-mask.js';

/** The successor with those layers, and how many weights of each changed; the mask itself when none did. */
export function changeMask(mask: Mask, layers: readonly LayerMask[]): MaskAdjustment {
  const next = mask.successor(layers);
  const exchanged = new Map(
    maskDelta(mask, next).map(({ name, dropped, grown }) => [name, Math.max(dropped.length, grown.length)]),
  );
  return exchanged.size === 0 ? { mask, exchanged } : { mask: next, exchanged };
}

/**
 * The mask with the given number of largest active |w| per layer; layers without a count, or that keep all,
 * are unchanged.
 */
export function keepLargest(
  mask: Mask,
  params: ParamTree,
  counts: ReadonlyMap<string, number>,
): readonly LayerMask[] {
  return mask.layers.flatMap(({ name, size, active }) => {
    const count = counts.get(name) ?? active.length;
    if (count >= active.length) return [];
    const kept = largestAt(layerValues(layerOf(mask, name), params), active, count);
    return [{ name, size, active: kept }];
  });
}
