export { readLayersModel } from './read-layers-model.js';
export { SHARD_BYTES, writeLayersModel } from './write-layers-model.js';
export { openModel, type OpenedModel } from './open-model.js';
export { readModelFile } from './model-file.js';
export {
  makeNewFolder,
  modelFormats,
  refuseExisting,
  writeModel,
  type ModelFormat,
  type WriteModelOptions,
  type WrittenFile,
} from './write-model.js';
