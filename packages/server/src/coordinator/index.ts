export { Coordinator } from './coordinator.js';
export { memoryJournal, type Journal, type JournalBatch, type Recovery, type Snapshot } from './journal.js';
export type {
  AdjustmentFigures,
  ByteFigures,
  DensityFigures,
  RoundMetrics,
  RunSummary,
  SelectionFigures,
} from './metrics.js';
export type {
  Admission,
  CoordinatorOptions,
  CoordinatorStatus,
  Log,
  LogFacts,
  RunReport,
  RunResult,
  Scheduler,
} from './options.js';
export { blobOf } from './payloads.js';
export { watchedJob } from './watch.js';
export { recoverRun, type RecoveredRun } from './recover-run.js';
export { densityFigures } from './run-record.js';
export { nodeHash } from '../security/node-hash.js';
export { noStore, type RunStore } from './run-store.js';
