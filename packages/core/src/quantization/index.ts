export { checkBits, MAX_BITS, MIN_BITS, type Quantizer } from './quantizer.js';
export { quantizers, quantizerNamed } from './registry.js';
export {
  filterScales,
  levelTable,
  nearestLevel,
  quantizeKernel,
  rounded,
  type LevelTable,
} from './quantize.js';
