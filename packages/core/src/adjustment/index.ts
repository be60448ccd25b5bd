export type { AdjustmentSpec } from './adjustment-spec.js';
export { adjustMask, regrowParams, type AdjustmentInputs, type MaskAdjustment } from './adjust-mask.js';
export { checkGradientReport } from './check-report.js';
export { followOwnMask, ownMaskOf, readjustMask, readjustmentRequests } from './readjust-mask.js';
export { meanTopGradients, type GradientReport, type MeanGradient } from './mean-gradients.js';
export { adjustmentUnit, adjustmentUnits, type AdjustmentGranularity } from './adjustment-unit.js';
export {
  adjustmentRequests,
  exchangeCount,
  isAdjustmentRound,
  type AdjustmentMoment,
} from './exchange-schedule.js';
