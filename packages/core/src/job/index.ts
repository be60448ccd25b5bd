export type {
  AdjustmentSpec,
  DataSpec,
  Job,
  LearningRateSpec,
  ModelFile,
  ModelSpec,
  PartitionSpec,
  PoolSpec,
  PretrainSpec,
  StaticMaskSpec,
} from './job.js';
