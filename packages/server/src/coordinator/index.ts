export { Coordinator } from './coordinator.js';
export type {
  AdjustmentFigures,
  ByteFigures,
  DensityFigures,
  RoundMetrics,
  RunSummary,
  SelectionFigures,
} from './metrics.js';
export type {
  CoordinatorOptions,
  CoordinatorStatus,
  Log,
  RunReport,
  RunResult,
  Scheduler,
} from './options.js';
export { densityFigures } from './run-record.js';
export { noStore, type RunStore } from './run-store.js';
