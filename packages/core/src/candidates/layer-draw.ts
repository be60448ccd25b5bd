import { apportion } from '../allocation/apportion.js';
import { keptTotal } from '../allocation/kept-total.js';
import { proportionalDensities } from '../allocation/proportional.js';
import { keptCount } from '../mask/top-k.js';
import type { RandomStream } from '../random/stream.js';

/** A layer with the range of densities it is drawn from: uniform over centre · [1 − spread, 1 + spread), at most 1. */
export interface DrawnLayer {
  readonly name: string;
  readonly size: number;
  readonly centre: number;
  readonly spread: number;
}

/** A draw is accepted when the model's density is off by less than this share of the density asked for. */
export const POOL_TOLERANCE = 0.02;

/** A draw hits the tolerance about once in 25 with a handful of layers; this many misses mean that it cannot. */
const MAX_DRAWS = 1000;

/** Keeps a layer's density above 0, where rounding would have nothing to start from; every layer keeps one weight. */
const LEAST_DENSITY = 1e-9;

/**
 * Kept counts per layer, aligned with `layers`: the whole vector is drawn again until its density is within
 * {@link POOL_TOLERANCE} of `density`.
 *
 * Some targets cannot be met so: near density 1, where the part cut off at 1 is missing, and in nets so small
 * that one weight is more than the tolerance. Then the last draw is scaled, layers that would pass 1 being
 * full, until the density holds, and rounded to the exact total: the proportions stay as drawn, and the
 * target is met as near as whole weights allow.
 * @throws EspalierError `invalid_argument` when the density leaves less than one weight for every layer.
 */
export function drawKeptCounts(
  layers: readonly DrawnLayer[],
  density: number,
  stream: RandomStream,
): Uint32Array {
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  let densities: number[] = [];
  for (let attempt = 0; attempt < MAX_DRAWS; attempt++) {
    densities = layers.map((layer) => drawDensity(layer, stream));
    const counts = Uint32Array.from(layers, (layer, i) => keptCount(densities[i]!, layer.size));
    const kept = counts.reduce((sum, count) => sum + count, 0);
    if (Math.abs(kept / size - density) / density < POOL_TOLERANCE) return counts;
  }
  return scaledCounts(layers, densities, density);
}

function drawDensity({ centre, spread }: DrawnLayer, stream: RandomStream): number {
  const drawn = centre * (1 - spread + 2 * spread * stream.uniform());
  return Math.min(1, Math.max(LEAST_DENSITY, drawn));
}

function scaledCounts(layers: readonly DrawnLayer[], drawn: readonly number[], density: number): Uint32Array {
  const densities = proportionalDensities(
    layers.map(({ size }, i) => ({ size, wish: drawn[i]! })),
    density,
  );
  const targets = layers.map(({ name, size }, i) => ({ name, size, target: densities[i]! * size }));
  return Uint32Array.from(apportion(targets, keptTotal(layers, density)).values());
}
