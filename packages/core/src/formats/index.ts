export {
  exportLayersModel,
  groupBytes,
  importLayersModel,
  layersModelAsBundle,
  nonZeroMask,
  readWeightsManifest,
  type ExportedLayersModel,
  type ExportLayersModelOptions,
  type ImportedLayersModel,
  type LayersModelBundle,
  type LayersModelJson,
  type LayersModelWeights,
  type WeightsGroup,
  type WeightSpec,
} from './layers-model/index.js';
export {
  exportOnnx,
  importOnnx,
  type ImportedOnnx,
  type OnnxAttribute,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from './onnx/index.js';
export { exportSafetensors, importSafetensors, type ImportedSafetensors } from './safetensors/safetensors.js';
