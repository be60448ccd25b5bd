import { EspalierError } from '../errors.js';
import { ln } from './elementary.js';
import { normalSource } from './normal.js';
import type { RandomStream } from './stream.js';

/**
 * Logarithms of draws from the Gamma distribution with shape `alpha` and scale 1 (Marsaglia & Tsang, "A simple method for
 * generating gamma variables", 2000; for alpha below 1 their boost by a uniform's power). They stay finite where the
 * draws themselves would underflow, as at small alpha.
 * @throws EspalierError `invalid_argument` unless alpha is finite and above 0.
 */
export function lnGammaSource(stream: RandomStream, alpha: number): () => number {
  if (!(alpha > 0 && alpha < Infinity)) {
    throw new EspalierError(
      'invalid_argument',
      `alpha ${String(alpha)} of a Gamma distribution is not above 0 and finite`,
    );
  }
  if (alpha >= 1) return lnBigGamma(stream, alpha);
  const boosted = lnBigGamma(stream, alpha + 1);
  return () => boosted() + ln(1 - stream.uniform()) / alpha;
}

/** For alpha ≥ 1: d·(1 + c·x)³ with x normal, accepted or drawn again. */
function lnBigGamma(stream: RandomStream, alpha: number): () => number {
  const normal = normalSource(stream);
  const d = alpha - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  return () => {
    for (;;) {
      const x = normal();
      const root = 1 + c * x;
      if (root <= 0) continue;
      const v = root * root * root;
      const lnV = ln(v);
      if (ln(1 - stream.uniform()) < 0.5 * x * x + d - d * v + d * lnV) return ln(d) + lnV;
    }
  };
}
