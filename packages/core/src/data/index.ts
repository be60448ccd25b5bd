export { checkDataset, datasetSize, imageBytes, subset, type Dataset } from './dataset.js';
export {
  batchesPerEpoch,
  epochBatches,
  type Augmentation,
  type Batch,
  type BatchOptions,
  type Normalization,
} from './batches.js';
export {
  holdOut,
  splitFraction,
  splitPerClass,
  type FractionSplit,
  type HeldOut,
  drawSome,
} from './hold-out.js';
export { partitionSamples } from './partition.js';
export type { Partition, PartitionOptions } from './partitions/samples.js';
export { classCounts, parsePartitionFile, partitionFileText, type PartitionFile } from './partition-file.js';
export { proceduralDataset, type ProceduralOptions } from './procedural/index.js';
export type { DataSpec, FileDataSpec, PartitionSpec } from './data-spec.js';
