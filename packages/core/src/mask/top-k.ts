import { EspalierError } from '../errors.js';

/**
 * The one place for rounding: weights kept of `size` at `density`, the nearest integer (a half rounds up), at least 1.
 * @param density in (0, 1]
 */
export function keptCount(density: number, size: number): number {
  if (!(density > 0 && density <= 1)) {
    throw new EspalierError('invalid_argument', `density ${String(density)} is not above 0 and at most 1`);
  }
  // A product such as 0.29 × 100 comes out as 28.999…96; rounding to 9 digits first keeps the intended half-way cases.
  const exact = Number((density * size).toPrecision(12));
  return Math.min(size, Math.max(1, Math.floor(exact + 0.5)));
}

/**
 * The one place for ties: positions of the `count` largest scores, ascending. Equal scores keep the lower position.
 * @throws EspalierError `not_finite` on a NaN, `invalid_argument` when there are fewer scores than `count`.
 */
export function topK(scores: ArrayLike<number>, count: number): Uint32Array {
  if (!Number.isSafeInteger(count) || count < 0 || count > scores.length) {
    throw new EspalierError('invalid_argument', `cannot take ${String(count)} of ${String(scores.length)} scores`);
  }
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i])) throw new EspalierError('not_finite', `score ${String(i)} is NaN`, { index: i });
  }
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i);
  order.sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  return order.slice(0, count).sort();
}
