export type {
  Allocation,
  AllocationInputs,
  AllocationNeed,
  DistortionCurve,
  KeptCounts,
} from './allocation.js';
export { erkDensities } from './erk.js';
export { allocationNamed, allocations } from './registry.js';
