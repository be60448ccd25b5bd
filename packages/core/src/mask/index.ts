export { largestAt } from './largest-at.js';
export { denseMask, Mask, type LayerMask, type MaskLineage } from './mask.js';
export { keptCount, topK } from './top-k.js';
export { BoundedTopK, topInactive, type IndexedValues } from './bounded-top-k.js';
export { applyMaskDelta, maskDelta } from './delta.js';
export { nestedMask, unionMask } from './nested-family.js';
export { maskFromScores } from './mask-from-scores.js';
export type { MaskDeltaLayer, MaskReference, MaskUpdate, OwnMask } from './mask-update.js';
