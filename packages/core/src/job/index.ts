export type {
  AdjustmentSpec,
  DataSpec,
  Job,
  LearningRateSpec,
  ModelSpec,
  PartitionSpec,
  PoolSpec,
  PretrainSpec,
  StaticMaskSpec,
} from './job.js';
