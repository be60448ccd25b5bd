export type {
  AdjustmentSpec,
  DataSpec,
  FileDataSpec,
  Job,
  LearningRateSpec,
  ModelFile,
  ModelSpec,
  PartitionSpec,
  PoolSpec,
  PretrainSpec,
  StaticMaskSpec,
} from './job.js';
