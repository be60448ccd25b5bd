import { checkBits, type Quantizer } from './quantizer.js';

/** Bits of one term; the last term takes the rest. */
const TERM_BITS = 2;

/**
 * Additive powers of two (Li et al., "Additive Powers-of-Two Quantization", ICLR 2020, eq. 5): a magnitude is
 * a sum of n terms, term i one of 0, 2^−i, 2^−(i+n), 2^−(i+2n) …, so that a product needs shifts and
 * additions only. Levels are denser around 0, where the weights are.
 */
export const powersOfTwoQuantizer: Quantizer = {
  id: 'apot',
  levels(bits) {
    checkBits(bits);
    const terms = Math.ceil((bits - 1) / TERM_BITS);
    let sums = [0];
    for (let i = 0; i < terms; i++) {
      const choices = 2 ** Math.min(TERM_BITS, bits - 1 - i * TERM_BITS) - 1;
      const term = [0, ...Array.from({ length: choices }, (_, j) => 2 ** -(i + j * terms))];
      sums = sums.flatMap((sum) => term.map((part) => sum + part));
    }
    const largest = Math.max(...sums);
    return Float64Array.from(new Set(sums), (sum) => sum / largest).sort();
  },
};
