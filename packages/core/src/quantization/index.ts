export { checkBits, MAX_BITS, MIN_BITS, type Quantizer } from './quantizer.js';
export { uniformQuantizer } from './uniform.js';
export { powersOfTwoQuantizer } from './powers-of-two.js';
export { quantizers, quantizerNamed } from './registry.js';
export {
  filterScales,
  levelTable,
  nearestLevel,
  quantizeKernel,
  rounded,
  type LevelTable,
} from './quantize.js';
