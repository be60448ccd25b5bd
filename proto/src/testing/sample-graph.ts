import { Mask, type Dataset, type ModelGraph, type MomentTree, type Normalization } from '@espalier/core';

/** Every kind of node once or twice, small enough to write its numbers down: 54 maskable weights in two layers. */
export const sampleGraph: ModelGraph = {
  name: 'sample',
  nodes: [
    { op: 'input', name: 'image', inputs: [], shape: [4, 4, 1] },
    {
      op: 'conv2d',
      name: 'stem',
      inputs: ['image'],
      filters: 2,
      kernelSize: [3, 3],
      strides: [1, 1],
      padding: 'same',
      groups: 1,
      useBias: false,
    },
    { op: 'batchNorm', name: 'stem.norm', inputs: ['stem'], epsilon: 1e-5, initialGamma: 1 },
    { op: 'relu', name: 'stem.relu', inputs: ['stem.norm'] },
    {
      op: 'conv2d',
      name: 'conv',
      inputs: ['stem.relu'],
      filters: 2,
      kernelSize: [3, 3],
      strides: [1, 1],
      padding: { top: 1, bottom: 1, left: 1, right: 1 },
      groups: 1,
      useBias: true,
    },
    { op: 'batchNorm', name: 'conv.norm', inputs: ['conv'], epsilon: 0.001, initialGamma: 0 },
    {
      op: 'conv2d',
      name: 'depth',
      inputs: ['stem.relu'],
      filters: 2,
      kernelSize: [3, 3],
      strides: [1, 1],
      padding: 'same',
      groups: 2,
      useBias: false,
    },
    { op: 'add', name: 'sum', inputs: ['conv.norm', 'depth'] },
    { op: 'relu6', name: 'sum.relu', inputs: ['sum'] },
    {
      op: 'maxPool',
      name: 'max',
      inputs: ['sum.relu'],
      poolSize: [2, 2],
      strides: [2, 2],
      padding: 'valid',
    },
    {
      op: 'avgPool',
      name: 'avg',
      inputs: ['sum.relu'],
      poolSize: [3, 3],
      strides: [2, 2],
      padding: 'same',
    },
    { op: 'concat', name: 'join', inputs: ['max', 'avg'] },
    { op: 'globalAvgPool', name: 'pool', inputs: ['join'] },
    { op: 'dense', name: 'fc', inputs: ['pool'], units: 3, useBias: true },
  ],
  output: 'fc',
  blocks: [{ name: 'body', nodes: ['conv', 'depth'] }],
};

/** 8 of 54 weights active: 6 of `conv/kernel`, 2 of `depth/kernel`. */
export const sampleMask = new Mask(
  [
    { name: 'conv/kernel', size: 36, active: Uint32Array.of(0, 3, 4, 17, 30, 35) },
    { name: 'depth/kernel', size: 18, active: Uint32Array.of(5, 9) },
  ],
  { version: 0, parent: null },
);

/** {@link sampleMask} after an adjustment of both layers. */
export const sampleSuccessor = sampleMask.successor([
  { name: 'conv/kernel', size: 36, active: Uint32Array.of(0, 4, 17, 20, 30, 31) },
  { name: 'depth/kernel', size: 18, active: Uint32Array.of(0, 9) },
]);

/** Multiples of a quarter, from −1 to 1, over and over. */
export function sampleValues(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => ((i % 9) - 4) / 4);
}

/** Statistics of the sample graph's two norms. */
export const sampleMoments: MomentTree = new Map([
  ['stem.norm', { mean: Float32Array.of(0.5, -0.25), variance: Float32Array.of(1, 0) }],
  ['conv.norm', { mean: Float32Array.of(0, 2), variance: Float32Array.of(0.125, 3) }],
]);

export const sampleNormalization: Normalization = { mean: [0.5], std: [0.25] };

/** Two images of four by four. */
export const sampleDataset: Dataset = {
  imageShape: [4, 4, 1],
  classes: ['circle', 'cross', 'square'],
  images: Uint8Array.from({ length: 32 }, (_, i) => i * 8),
  labels: Uint16Array.of(2, 0),
};
