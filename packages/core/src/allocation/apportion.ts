import { EspalierError } from '../errors.js';

/** A layer's size with the kept count it would have if weights could be divided. */
export interface LayerTarget {
  readonly name: string;
  readonly size: number;
  /** From 0 to `size`. */
  readonly target: number;
}

/**
 * Whole counts that add up to `total`, each from 1 to its layer's size and as near to its target as that
 * allows: the targets rounded down, and a shortfall made up one by one by the layer furthest below its target
 * (the largest remainder), of equals the first; an excess is taken in the same way from the layer furthest
 * above.
 * @throws EspalierError `invalid_argument` when `total` is below one per layer or above all sizes.
 */
export function apportion(layers: readonly LayerTarget[], total: number): Map<string, number> {
  checkTotal(layers, total);
  const counts = layers.map(({ size, target }) => Math.min(size, Math.max(1, Math.floor(target))));
  let missing = total - counts.reduce((sum, count) => sum + count, 0);
  for (; missing > 0; missing--)
    counts[neediest(layers, counts, 1)] = (counts[neediest(layers, counts, 1)] ?? 0) + 1;
  for (; missing < 0; missing++)
    counts[neediest(layers, counts, -1)] = (counts[neediest(layers, counts, -1)] ?? 0) - 1;
  return new Map(layers.map(({ name }, i) => [name, counts[i] ?? 0]));
}

/**
 * The layer whose count is furthest from its target in the direction of `step` and can still move in that
 * direction.
 */
function neediest(layers: readonly LayerTarget[], counts: readonly number[], step: 1 | -1): number {
  let best = -1;
  let largest = -Infinity;
  for (const [i, { size, target }] of layers.entries()) {
    const count = counts[i] ?? 0;
    const gap = step * (target - count);
    if (gap <= largest || (step > 0 ? count >= size : count <= 1)) continue;
    best = i;
    largest = gap;
  }
  return best;
}

function checkTotal(layers: readonly LayerTarget[], total: number): void {
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  if (total >= layers.length && total <= size) return;
  throw new EspalierError(
    'invalid_argument',
    `cannot keep ${total} of ${size} weights in ${layers.length} layers that keep at least one each; ` +
      `choose a density of at least ${layers.length / size}`,
    { total, size, layers: layers.length },
  );
}
