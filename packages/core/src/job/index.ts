export type {
  AdjustmentSpec,
  DataSpec,
  FileDataSpec,
  Job,
  LearningRateSpec,
  ModelSpec,
  PartitionSpec,
  PoolSpec,
  PretrainSpec,
  StaticMaskSpec,
} from './job.js';
