export {
  exportLayersModel,
  type ExportedLayersModel,
  type ExportLayersModelOptions,
} from './export-layers-model.js';
export { importLayersModel, type ImportedLayersModel } from './import-layers-model.js';
export { layersModelAsBundle, nonZeroMask, type LayersModelBundle } from './as-bundle.js';
export type { LayersModelJson } from './layers-model-json.js';
export { groupBytes, readWeightsManifest, type WeightsGroup, type WeightSpec } from './weights-manifest.js';
export type { LayersModelWeights } from './weight-store.js';
