export { decodeOnnx, encodeOnnx } from './onnx-codec.js';
