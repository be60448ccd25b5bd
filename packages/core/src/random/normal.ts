import { ln } from './elementary.js';
import type { RandomStream } from './stream.js';

/**
 * Draws from the standard normal distribution by Marsaglia's polar method (1964), which needs a logarithm and a square
 * root only. Each call of the result takes the next draw; the stream must not be used by others meanwhile, since
 * draws come in pairs.
 */
export function normalSource(stream: RandomStream): () => number {
  let spare: number | null = null;
  return () => {
    if (spare !== null) {
      const draw = spare;
      spare = null;
      return draw;
    }
    const [first, second] = normalPair(stream);
    spare = second;
    return first;
  };
}

function normalPair(stream: RandomStream): readonly [number, number] {
  for (;;) {
    const u = 2 * stream.uniform() - 1;
    const v = 2 * stream.uniform() - 1;
    const square = u * u + v * v;
    if (square < 1 && square > 0) {
      const factor = Math.sqrt((-2 * ln(square)) / square);
      return [u * factor, v * factor];
    }
  }
}
