import { checkBits, type Quantizer } from './quantizer.js';

/** Equal steps, symmetric around 0: `2^(bits − 1) − 1` of them on each side. */
export const uniformQuantizer: Quantizer = {
  id: 'uniform',
  levels(bits) {
    checkBits(bits);
    const steps = 2 ** (bits - 1) - 1;
    return Float64Array.from({ length: steps + 1 }, (_, i) => i / steps);
  },
};
