import type { GraphNode, ModelGraph } from '../model-graph.js';
import { convNormRelu, maxPool } from './layers.js';
import type { ZooInput } from './zoo.js';

/** Squeeze filters of fire2 … fire9, in quarters of `width`; each half of the expansion has four times as many. */
const SQUEEZE = [1, 1, 2, 2, 3, 3, 4, 4] as const;

/**
 * SqueezeNet 1.1 (Iandola et al. 2016; 1.1 is the authors' later, cheaper layout) for small images: the 3×3
 * stem at stride 1 instead of 2, eight fire modules with 3×3 max-pools at stride 2 after the stem, fire3 and
 * fire5, a 1×1 convolution to one channel per class, and global average pooling. Unlike the original, every
 * convolution but the last has a batch norm instead of a bias (adaptive batch-norm selection needs norms, and
 * without them it hardly trains from scratch), there is no dropout, and no ReLU on the logits. `width` is the
 * stem's filters, 64 as published. Blocks are pairs of fire modules of one size; the classifier is in the
 * last.
 */
export function squeezenet({ imageShape, classes, width }: ZooInput): ModelGraph {
  const unit = Math.ceil(width / 4);
  const nodes: GraphNode[] = [
    { op: 'input', name: 'image', inputs: [], shape: imageShape },
    ...convNormRelu('conv1', 'image', { filters: width, kernel: 3, stride: 1 }),
    maxPool('pool1', 'conv1.relu', 3),
  ];
  let output = 'pool1';
  for (const [i, quarters] of SQUEEZE.entries()) {
    const name = `fire${String(i + 2)}`;
    nodes.push(...fireModule(name, output, quarters * unit));
    output = `${name}.concat`;
    if (name === 'fire3' || name === 'fire5') {
      nodes.push(maxPool(`${name}.pool`, output, 3));
      output = `${name}.pool`;
    }
  }
  return {
    name: `squeezenet-w${String(width)}`,
    nodes: [...nodes, ...convClassifier(output, classes)],
    output: 'pool',
    blocks: [2, 4, 6, 8].map((first) => ({
      name: `fire${String(first)}_${String(first + 1)}`,
      nodes: [...fireConvs(first), ...fireConvs(first + 1), ...(first === 8 ? ['conv10'] : [])],
    })),
  };
}

/** A 1×1 squeeze, then 1×1 and 3×3 expansions side by side. */
function fireModule(name: string, input: string, squeeze: number): readonly GraphNode[] {
  const expand = { filters: 4 * squeeze, stride: 1 };
  return [
    ...convNormRelu(`${name}.squeeze`, input, { filters: squeeze, kernel: 1, stride: 1 }),
    ...convNormRelu(`${name}.expand1`, `${name}.squeeze.relu`, { ...expand, kernel: 1 }),
    ...convNormRelu(`${name}.expand3`, `${name}.squeeze.relu`, { ...expand, kernel: 3 }),
    { op: 'concat', name: `${name}.concat`, inputs: [`${name}.expand1.relu`, `${name}.expand3.relu`] },
  ];
}

function fireConvs(number: number): readonly string[] {
  return ['squeeze', 'expand1', 'expand3'].map((part) => `fire${String(number)}.${part}`);
}

function convClassifier(input: string, classes: number): readonly GraphNode[] {
  return [
    {
      op: 'conv2d',
      name: 'conv10',
      inputs: [input],
      filters: classes,
      kernelSize: [1, 1],
      strides: [1, 1],
      padding: 'same',
      groups: 1,
      useBias: true,
    },
    { op: 'globalAvgPool', name: 'pool', inputs: ['conv10'] },
  ];
}
