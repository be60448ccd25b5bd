import { keptCount } from '../mask/top-k.js';

/** Weights that layers of these sizes keep together at `density`, in (0, 1]; 0 where there are no layers. */
export function keptTotal(layers: readonly { readonly size: number }[], density: number): number {
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  return keptCount(density, size);
}
