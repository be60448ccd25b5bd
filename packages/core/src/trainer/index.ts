export type {
  AbortSignalLike,
  EvaluateOptions,
  Evaluation,
  Extrusion,
  Footprint,
  MomentMode,
  MomentOptions,
  Optimizer,
  TopGradientRequest,
  TopGradients,
  Trainer,
  TrainControl,
  TrainerKind,
  TrainOptions,
  TrainProgress,
  TrainResult,
} from './trainer.js';
export { canaryProblem, makeCanary, referenceGradients, type Canary } from './canary.js';
export { extrusionRate, lowPositions, type ExtrusionStep } from './extrusion.js';
export { epochStream } from './epoch-stream.js';
export {
  checkBatch,
  checkKept,
  checkTopGradientRequests,
  checkTrainable,
  checkTrainOptions,
} from './checks.js';
export type { LearningRateSpec, PretrainSpec } from './learning-rate.js';
export type {
  ClientUpdate,
  SparseModel,
  TrainWork,
  UpdateMetrics,
  UpdateSummary,
  Measurement,
} from './client-update.js';
