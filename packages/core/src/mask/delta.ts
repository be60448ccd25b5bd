import { EspalierError } from '../errors.js';
import type { MaskDeltaLayer } from './mask-update.js';
import { layerOf } from './layer-values.js';
import type { LayerMask, Mask } from './mask.js';

/**
 * Difference between two masks: for each changed layer the indices that left and those that joined,
 * ascending.
 * @throws EspalierError `invalid_mask` when the masks do not have the same layers.
 */
export function maskDelta(from: Mask, to: Mask): MaskDeltaLayer[] {
  if (from.layers.length !== to.layers.length) {
    throw new EspalierError('invalid_mask', `masks of ${from.layers.length} and ${to.layers.length} layers`);
  }
  return from.layers
    .map((layer, i) => layerDelta(layer, to.layers[i]!))
    .filter(({ dropped, grown }) => dropped.length + grown.length > 0);
}

/**
 * The successor of `mask` after the given changes.
 * @param parentHash hash of the mask that the changes were made for
 * @throws EspalierError `mask_mismatch` when that is a different mask; `invalid_mask` when a change drops an
 * inactive weight, grows an active one, is out of range or order, or names a layer twice or one the mask
 * lacks.
 */
export function applyMaskDelta(mask: Mask, parentHash: string, layers: readonly MaskDeltaLayer[]): Mask {
  if (mask.hash !== parentHash) {
    throw new EspalierError(
      'mask_mismatch',
      `the changes are for mask ${parentHash}, this one is ${mask.hash}; ask for the whole mask`,
      { expected: parentHash, got: mask.hash },
    );
  }
  if (new Set(layers.map(({ name }) => name)).size !== layers.length) {
    throw new EspalierError('invalid_mask', 'a layer stands twice in the changes');
  }
  return mask.successor(layers.map((change) => changedLayer(mask, change)));
}

/** The values of `a` that are not in `b`; both ascending. */
export function difference(a: Uint32Array, b: Uint32Array): Uint32Array {
  let next = 0;
  return a.filter((value) => {
    while (next < b.length && b[next]! < value) next++;
    return b[next] !== value;
  });
}

/** The values of both, ascending; both ascending and without a common value. */
export function disjointUnion(a: Uint32Array, b: Uint32Array): Uint32Array {
  const merged = new Uint32Array(a.length + b.length);
  merged.set(a);
  merged.set(b, a.length);
  return merged.sort();
}

function layerDelta(from: LayerMask, to: LayerMask): MaskDeltaLayer {
  if (from.name !== to.name || from.size !== to.size) {
    throw new EspalierError(
      'invalid_mask',
      `layer ${from.name} of ${from.size} weights does not match ${to.name} of ${to.size}`,
    );
  }
  return {
    name: from.name,
    dropped: difference(from.active, to.active),
    grown: difference(to.active, from.active),
  };
}

function changedLayer(mask: Mask, { name, dropped, grown }: MaskDeltaLayer): LayerMask {
  const layer = layerOf(mask, name);
  checkAscending(name, dropped);
  checkAscending(name, grown);
  if (difference(dropped, layer.active).length > 0) {
    throw new EspalierError('invalid_mask', `layer ${name}: an inactive weight cannot be dropped`, { name });
  }
  if (difference(grown, layer.active).length < grown.length) {
    throw new EspalierError('invalid_mask', `layer ${name}: an active weight cannot be grown`, { name });
  }
  return { name, size: layer.size, active: disjointUnion(difference(layer.active, dropped), grown) };
}

function checkAscending(name: string, indices: Uint32Array): void {
  for (let i = 1; i < indices.length; i++) {
    if (indices[i]! <= indices[i - 1]!) {
      throw new EspalierError(
        'invalid_mask',
        `layer ${name}: changed index ${indices[i]!} is not ascending`,
        { name },
      );
    }
  }
}
