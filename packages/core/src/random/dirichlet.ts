import { EspalierError } from '../errors.js';
import { exp } from './elementary.js';
import { lnGammaSource } from './gamma.js';
import type { RandomStream } from './stream.js';

/**
 * One draw from the symmetric Dirichlet distribution: `size` shares, none negative, that add up to 1 (but for
 * rounding). Small alpha gives few large shares, large alpha nearly equal ones.
 * @throws EspalierError `invalid_argument` unless alpha is finite and above 0 and size a whole number of at least 1.
 */
export function dirichlet(stream: RandomStream, alpha: number, size: number): number[] {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new EspalierError(
      'invalid_argument',
      `a Dirichlet draw of ${String(size)} shares; at least 1 is needed`,
    );
  }
  const draw = lnGammaSource(stream, alpha);
  return sharesOfLogs(Array.from({ length: size }, draw));
}

/** Shares in proportion to e^log, computed so that the largest cannot underflow; −Infinity gives the share 0. */
export function sharesOfLogs(logs: readonly number[]): number[] {
  const largest = Math.max(...logs);
  const weights = logs.map((log) => exp(log - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
