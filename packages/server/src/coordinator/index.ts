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
} from '@espalier/core/report';
export type { Admission } from '../security/admission.js';
export type { CoordinatorOptions } from './options.js';
export type { CoordinatorStatus } from './record/coordinator-status.js';
export type { Log, LogFacts } from '../platform/log.js';
export type { RunReport } from './record/run-report.js';
export type { RunResult } from './record/run-result.js';
export type { Scheduler } from '../platform/scheduler.js';
export { watchedJob } from './record/watched-run.js';
export { recoverRun, type RecoveredRun } from './journal/recover-run.js';
export { densityFigures } from './record/run-record.js';
export { nodeHash } from '../security/node-hash.js';
export { noStore, type RunStore } from './record/run-store.js';
export { answerReference } from './journal/answer-reference.js';
