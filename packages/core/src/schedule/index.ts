export { adjustmentUnit, adjustmentUnits, type AdjustmentGranularity } from './adjustment-unit.js';
export {
  adjustmentRequests,
  exchangeCount,
  isAdjustmentRound,
  type AdjustmentMoment,
} from './progressive.js';
