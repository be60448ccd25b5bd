export { Coordinator } from './coordinator.js';
export {
  memoryJournal,
  type Journal,
  type JournalBatch,
  type Recovery,
  type Snapshot,
} from './journal/journal.js';
export type {
  AdjustmentFigures,
  ByteFigures,
  DensityFigures,
  RoundMetrics,
  RunSummary,
  SelectionFigures,
} from '@espalier/core';
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
export { blobOf } from './model/payloads.js';
export { watchedJob } from './record/watch.js';
export { recoverRun, type RecoveredRun } from './journal/recover-run.js';
export { densityFigures } from './record/run-record.js';
export { nodeHash } from '../security/node-hash.js';
export { noStore, type RunStore } from './record/run-store.js';
