import { EspalierError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { parameterSpecs } from '../graph/parameters.js';
import { layerOf } from '../mask/layer-values.js';
import type { Mask } from '../mask/mask.js';
import { packedLength } from './pack.js';

/**
 * For every value packed under `inner`, its position among those packed under `outer`; ascending.
 * @throws EspalierError `invalid_mask` when a weight is active in `inner` and not in `outer`.
 */
export function packedPositions(graph: ModelGraph, outer: Mask, inner: Mask): Uint32Array {
  const positions = new Uint32Array(packedLength(graph, inner));
  let at = 0;
  let from = 0;
  for (const { name, size, maskable } of parameterSpecs(graph)) {
    if (!maskable) {
      for (let i = 0; i < size; i++) positions[at + i] = from + i;
      at += size;
      from += size;
      continue;
    }
    const [own, all] = [layerOf(inner, name).active, layerOf(outer, name).active];
    placeWithin(name, { own, all }, { positions, at, from });
    at += own.length;
    from += all.length;
  }
  return positions;
}

function placeWithin(
  name: string,
  { own, all }: { readonly own: Uint32Array; readonly all: Uint32Array },
  { positions, at, from }: { readonly positions: Uint32Array; readonly at: number; readonly from: number },
): void {
  let next = 0;
  for (let i = 0; i < own.length; i++) {
    while (next < all.length && (all[next] ?? 0) < (own[i] ?? 0)) next++;
    if (all[next] !== own[i]) {
      throw new EspalierError('invalid_mask', `${name}: weight ${own[i] ?? 0} is not of the larger mask`, {
        name,
      });
    }
    positions[at + i] = from + next;
  }
}
