export { checkDataset, datasetSize, imageBytes, subset, type Dataset } from './dataset.js';
export {
  batchesPerEpoch,
  epochBatches,
  type Augmentation,
  type Batch,
  type BatchOptions,
  type Normalization,
} from './batches.js';
