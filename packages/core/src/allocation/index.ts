export type { Allocation, AllocationInputs, AllocationNeed, KeptCounts } from './allocation.js';
export { erkAllocation, erkDensities } from './erk.js';
export { globalAllocation } from './global.js';
export { allocationNamed, allocations } from './registry.js';
export { uniformAllocation } from './uniform.js';
