export { firstNotFinite } from './finite.js';
export {
  checkState,
  copyState,
  identityMoments,
  type ModelState,
  type Moments,
  type MomentTree,
  type ParamTree,
} from './model-state.js';
export {
  alwaysDenseCount,
  applyMask,
  momentCount,
  packActive,
  packedLength,
  packMoments,
  unpackActive,
  unpackKept,
  unpackMoments,
} from './pack.js';
export { packedPositions } from './positions.js';
export { initialState } from './initialize.js';
export { withDenseScale } from './dense-scale.js';
