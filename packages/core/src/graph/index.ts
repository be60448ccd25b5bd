export { isPlain } from './model-graph.js';
export type {
  BatchNormNode,
  Conv2dNode,
  DenseNode,
  ExplicitPadding,
  GraphBlock,
  GraphNode,
  InputNode,
  ModelGraph,
  OpKind,
  Padding,
  PlainNode,
  PoolNode,
  Size2,
  TensorShape,
} from './model-graph.js';
export { inferShapes, inputShape, numClasses, resolvePadding, sizeOf, type ShapeTable } from './shapes.js';
export {
  maskableSpecs,
  momentSpecs,
  nodeNamed,
  parameterSpecs,
  type MomentSpec,
  type ParamRole,
  type ParamSpec,
} from './parameters.js';
export { buildModel, zooNames, type ZooEntry, type ZooInput } from './zoo/index.js';
export { checkGraph, GRAPH_LIMITS } from './check-graph.js';
export type { ModelFile, ModelSpec } from './model-spec.js';
