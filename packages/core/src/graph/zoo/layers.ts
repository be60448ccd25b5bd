import type { Conv2dNode, GraphNode, PoolNode } from '../model-graph.js';

/** PyTorch's epsilon, which the networks' published accuracies were reached with. */
const BATCH_NORM_EPSILON = 1e-5;

/** Options of a convolution in the zoo; kernels are square, padding is `same`, no bias. */
export interface ConvOptions {
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
  /** 1 unless the convolution is a depthwise one. */
  readonly groups?: number;
  /** Gamma of the batch norm that follows starts here; 1 unless the norm ends a residual branch. */
  readonly initialGamma?: number;
}

/** A convolution `name` and its batch norm `name.bn`; the output is `name.bn`. */
export function convNorm(name: string, input: string, options: ConvOptions): readonly GraphNode[] {
  const { filters, kernel, stride, groups = 1, initialGamma = 1 } = options;
  const conv: Conv2dNode = {
    op: 'conv2d',
    name,
    inputs: [input],
    filters,
    kernelSize: [kernel, kernel],
    strides: [stride, stride],
    padding: 'same',
    groups,
    useBias: false,
  };
  return [
    conv,
    { op: 'batchNorm', name: `${name}.bn`, inputs: [name], epsilon: BATCH_NORM_EPSILON, initialGamma },
  ];
}

/** A convolution, its batch norm and a ReLU; the output is `name.relu`. */
export function convNormRelu(name: string, input: string, options: ConvOptions): readonly GraphNode[] {
  return [...convNorm(name, input, options), { op: 'relu', name: `${name}.relu`, inputs: [`${name}.bn`] }];
}

/** Max-pooling over square windows at stride 2; padding `same`, so that an odd border is kept. */
export function maxPool(name: string, input: string, window: number): PoolNode {
  return {
    op: 'maxPool',
    name,
    inputs: [input],
    poolSize: [window, window],
    strides: [2, 2],
    padding: 'same',
  };
}

/** Global average pooling `pool` and the classifier `fc`, whose output is the logits. */
export function pooledClassifier(input: string, classes: number): readonly GraphNode[] {
  return [
    { op: 'globalAvgPool', name: 'pool', inputs: [input] },
    { op: 'dense', name: 'fc', inputs: ['pool'], units: classes, useBias: true },
  ];
}
