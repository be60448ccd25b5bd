export type {
  Allocation,
  AllocationInputs,
  AllocationNeed,
  DistortionCurve,
  KeptCounts,
} from './allocation.js';
export { erkAllocation, erkDensities } from './erk.js';
export { globalAllocation } from './global.js';
export { allocationNamed, allocations } from './registry.js';
export { uniformAllocation } from './uniform.js';
export { lampAllocation } from './lamp.js';
export { pqiAllocation } from './pqi.js';
export { distortionAllocation } from './distortion.js';
