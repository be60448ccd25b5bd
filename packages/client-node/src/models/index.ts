export { readLayersModel } from './read-layers-model.js';
export { SHARD_BYTES, writeLayersModel } from './write-layers-model.js';
export { openModel, type OpenedModel } from './open-model.js';
