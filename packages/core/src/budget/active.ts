import { EspalierError } from '../errors.js';
import type { ParamSpec } from '../graph/parameters.js';
import type { Mask } from '../mask/mask.js';

/**
 * Values of a parameter that are trained under a mask: active weights of a maskable one, otherwise all; a
 * null mask is dense.
 * @throws EspalierError `invalid_mask` when the mask has no such layer of that size.
 */
export function activeCount({ name, size, maskable }: ParamSpec, mask: Mask | null): number {
  if (!maskable || mask === null) return size;
  const layer = mask.layer(name);
  if (layer?.size === size) return layer.active.length;
  throw new EspalierError(
    'invalid_mask',
    `the mask has ${String(layer?.size ?? 'no')} weights for ${name}, the graph ${String(size)}`,
    { name },
  );
}
