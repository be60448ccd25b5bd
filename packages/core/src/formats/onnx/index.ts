export { exportOnnx } from './export-onnx.js';
export { importOnnx, type ImportedOnnx } from './import-onnx.js';
export type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './onnx-model.js';
