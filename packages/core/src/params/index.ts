export {
  checkState,
  copyState,
  identityMoments,
  type ModelState,
  type Moments,
  type MomentTree,
  type ParamTree,
} from './model-state.js';
