/**
 * Adds `share` times every value of `source` to the value at the same place of `target`, which is no longer
 * than `source`.
 */
export function addScaled(
  target: Float64Array | Float32Array,
  source: ArrayLike<number>,
  share: number,
): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) + share * (source[i] ?? 0);
}
