import { EspalierError } from '../errors.js';
import type { LayerMask, Mask } from './mask.js';

/**
 * One maskable layer's numbers out of a tree by parameter name: weights, scores or gradients.
 * @throws EspalierError `invalid_params` when they are missing or not one per weight.
 */
export function layerValues(
  { name, size }: { readonly name: string; readonly size: number },
  tree: ReadonlyMap<string, Float32Array>,
): Float32Array {
  const values = tree.get(name);
  if (values?.length === size) return values;
  throw new EspalierError(
    'invalid_params',
    `${name} has ${values?.length ?? 'no'} values, expected ${size}`,
    { name },
  );
}

/** The mask's layer of that name. @throws EspalierError `invalid_mask` when there is none. */
export function layerOf(mask: Mask, name: string): LayerMask {
  const layer = mask.layer(name);
  if (layer === undefined) throw new EspalierError('invalid_mask', `the mask has no layer ${name}`, { name });
  return layer;
}

/** The value at each of the indices, aligned with them. */
export function valuesAt(values: Float32Array, indices: Uint32Array): Float32Array {
  const found = new Float32Array(indices.length);
  for (let i = 0; i < indices.length; i++) found[i] = values[indices[i]!]!;
  return found;
}

/** |value| at each of the indices, aligned with them. */
export function magnitudesAt(values: Float32Array, indices: Uint32Array): Float32Array {
  const magnitudes = new Float32Array(indices.length);
  for (let i = 0; i < indices.length; i++) magnitudes[i] = Math.abs(values[indices[i]!]!);
  return magnitudes;
}
