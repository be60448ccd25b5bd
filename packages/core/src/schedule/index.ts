export { adjustmentUnit, adjustmentUnits, type AdjustmentGranularity } from './adjustment-unit.js';
export { candidateMask, drawPool, type NestedPoolPlan, type PoolRequest } from './candidate-pool.js';
export {
  adjustmentRequests,
  exchangeCount,
  isAdjustmentRound,
  type AdjustmentMoment,
} from './progressive.js';
