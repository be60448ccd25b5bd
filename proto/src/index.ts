/** The only door of proto: messages ⇄ bytes, bytes ⇄ frames, models ⇄ files. */
export * from './codec/index.js';
export * from './framing/index.js';
export * from './bundle/index.js';
export * from './onnx/index.js';
