export { adam } from './adam.js';
export { average } from './average.js';
export { momentum } from './momentum.js';
export { DEFAULT_SERVER_OPTIMIZER, serverOptimizerNamed, serverOptimizers } from './registry.js';
export type { OptimizerSlots, OptimizerStep, ServerOptimizer, StepMoment } from './server-optimizer.js';
export { emptySlots, moveSlots } from './slots.js';
export type { ServerOptimizerSpec } from './spec.js';
