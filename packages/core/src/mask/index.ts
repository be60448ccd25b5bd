export { denseMask, Mask, type LayerMask, type MaskLineage } from './mask.js';
export { keptCount, topK } from './top-k.js';
