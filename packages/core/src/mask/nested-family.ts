import { EspalierError } from '../errors.js';
import { largestAt } from './largest-at.js';
import { layerValues } from './layer-values.js';
import { Mask } from './mask.js';
import { keptCount } from './top-k.js';

/**
 * One of a mask's nested sub-masks: in every layer the share of its active weights with the largest |score|,
 * of equals the lower index. The smaller of two shares gives a subset of the larger's (as HeteroFL and FjORD
 * nest widths; here single weights), and 1 gives the mask itself. A layer keeps the nearest whole number of
 * its active weights, at least 1.
 * @param scores by parameter name, one per weight; they order the family
 * @param share in (0, 1]
 * @throws EspalierError `invalid_argument`, `invalid_params`, `not_finite`
 */
export function nestedMask(mask: Mask, scores: ReadonlyMap<string, Float32Array>, share: number): Mask {
  if (share === 1) return mask;
  const layers = mask.layers.map((layer) => {
    const { name, size, active } = layer;
    if (active.length === 0) return layer;
    const kept = largestAt(layerValues(layer, scores), active, keptCount(share, active.length));
    return { name, size, active: kept };
  });
  return new Mask(layers, { version: mask.version, parent: null });
}

/**
 * The mask of every weight that is active in one of the masks; it has the first one's version.
 * @throws EspalierError `invalid_mask` when the masks do not have the same layers, or there is none.
 */
export function unionMask(masks: readonly Mask[]): Mask {
  const [first] = masks;
  if (!first) throw new EspalierError('invalid_mask', 'there is no mask to unite');
  const layers = first.layers.map(({ name, size }) => {
    const marks = new Uint8Array(size);
    for (const mask of masks) {
      const layer = mask.layer(name);
      if (layer?.size !== size) {
        throw new EspalierError('invalid_mask', `masks to unite differ in layer ${name}`, { name });
      }
      for (const index of layer.active) marks[index] = 1;
    }
    return { name, size, active: markedIndices(marks) };
  });
  return new Mask(layers, { version: first.version, parent: null });
}

function markedIndices(marks: Uint8Array): Uint32Array {
  const indices = new Uint32Array(marks.reduce((sum, mark) => sum + mark, 0));
  let at = 0;
  for (let i = 0; i < marks.length; i++) if (marks[i] === 1) indices[at++] = i;
  return indices;
}
