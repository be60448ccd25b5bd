import { unreachable } from '../errors.js';
import {
  isPlain,
  type Conv2dNode,
  type GraphNode,
  type PoolNode,
  type TensorShape,
} from '../graph/model-graph.js';
import { resolvePadding, sizeOf } from '../graph/shapes.js';
import type { Activations } from './activations.js';
import type { LayerNumbers } from './layer-numbers.js';
import { PLAIN_SIGNALS } from './plain-signals.js';

/** Inputs of one node's forward pass. */
export interface NodeTurn {
  readonly node: GraphNode;
  readonly numbers: LayerNumbers;
  readonly inputs: readonly Activations[];
  /** Shape of the output. */
  readonly shape: TensorShape;
}

const NONE = new Float32Array(0);

/** A node's output in inference mode: plain loops, for the few images that statistics need. */
export function forwardNode({ node, numbers, inputs, shape }: NodeTurn): Activations {
  const [x] = inputs;
  if (x === undefined) return { shape, size: 0, values: new Float32Array(0) };
  const { size } = x;
  const like = (values: Float32Array): Activations => ({ shape, size, values });
  if (isPlain(node)) return like(PLAIN_SIGNALS[node.op].values(inputs, shape));
  switch (node.op) {
    case 'input':
      return like(x.values);
    case 'conv2d':
      return like(convolve(node, numbers, x, shape));
    case 'dense':
      return like(multiply(numbers, x, node.units));
    case 'batchNorm':
      return like(normalise(numbers, x, node.epsilon));
    case 'maxPool':
    case 'avgPool':
      return like(pool(node, x, shape));
    default:
      return unreachable(node);
  }
}

function multiply(
  { kernel = NONE, bias }: LayerNumbers,
  { values, size }: Activations,
  units: number,
): Float32Array {
  const features = values.length / size;
  const output = new Float32Array(size * units);
  for (let n = 0; n < size; n++) {
    const row = output.subarray(n * units, (n + 1) * units);
    if (bias) row.set(bias);
    for (let f = 0; f < features; f++) addRow(row, kernel, f * units, values[n * features + f] ?? 0);
  }
  return output;
}

function addRow(row: Float32Array, kernel: Float32Array, from: number, share: number): void {
  if (share === 0) return;
  for (let u = 0; u < row.length; u++) row[u] = (row[u] ?? 0) + share * (kernel[from + u] ?? 0);
}

function normalise(
  { gamma = NONE, beta = NONE, mean = NONE, variance = NONE }: LayerNumbers,
  { values }: Activations,
  epsilon: number,
): Float32Array {
  const channels = gamma.length;
  const scale = gamma.map((value, c) => value / Math.sqrt((variance[c] ?? 0) + epsilon));
  const shift = beta.map((value, c) => value - (scale[c] ?? 0) * (mean[c] ?? 0));
  return values.map((value, i) => value * (scale[i % channels] ?? 0) + (shift[i % channels] ?? 0));
}

/** Calls `visit` for every output position and every real pixel under its window. */
function eachTap(
  node: Conv2dNode | PoolNode,
  x: Activations,
  shape: TensorShape,
  visit: (output: number, pixel: number, tap: number) => void,
): void {
  const [height = 0, width = 0] = x.shape;
  const [outHeight = 0, outWidth = 0] = shape;
  const window = node.op === 'conv2d' ? node.kernelSize : node.poolSize;
  const { top, left } = resolvePadding(node.padding, [height, width], window, node.strides);
  for (let position = 0; position < x.size * outHeight * outWidth; position++) {
    const sample = Math.floor(position / (outHeight * outWidth));
    const y = (Math.floor(position / outWidth) % outHeight) * node.strides[0] - top;
    const from = (position % outWidth) * node.strides[1] - left;
    for (let i = 0; i < window[0]; i++) {
      if (y + i < 0 || y + i >= height) continue;
      for (let j = 0; j < window[1]; j++) {
        if (from + j < 0 || from + j >= width) continue;
        visit(position, (sample * height + y + i) * width + from + j, i * window[1] + j);
      }
    }
  }
}

function convolve(
  node: Conv2dNode,
  { kernel = NONE, bias }: LayerNumbers,
  x: Activations,
  shape: TensorShape,
): Float32Array {
  const { filters, groups } = node;
  const channels = x.shape[2] ?? 0;
  const depth = channels / groups;
  const perGroup = filters / groups;
  const output = new Float32Array(x.size * sizeOf(shape));
  if (bias) for (let at = 0; at < output.length; at += filters) output.set(bias, at);
  eachTap(node, x, shape, (position, pixel, tap) => {
    for (let g = 0; g < groups; g++) {
      const to = position * filters + g * perGroup;
      for (let d = 0; d < depth; d++) {
        const share = x.values[pixel * channels + g * depth + d] ?? 0;
        if (share === 0) continue;
        const from = (tap * depth + d) * filters + g * perGroup;
        for (let f = 0; f < perGroup; f++)
          output[to + f] = (output[to + f] ?? 0) + share * (kernel[from + f] ?? 0);
      }
    }
  });
  return output;
}

function pool(node: PoolNode, x: Activations, shape: TensorShape): Float32Array {
  const channels = x.shape[2] ?? 0;
  const positions = x.size * (shape[0] ?? 0) * (shape[1] ?? 0);
  const isMax = node.op === 'maxPool';
  const output = new Float32Array(positions * channels).fill(isMax ? -Infinity : 0);
  const counts = new Float32Array(positions);
  eachTap(node, x, shape, (position, pixel) => {
    counts[position] = (counts[position] ?? 0) + 1;
    for (let c = 0; c < channels; c++) {
      const value = x.values[pixel * channels + c] ?? 0;
      const at = position * channels + c;
      output[at] = isMax ? Math.max(output[at] ?? 0, value) : (output[at] ?? 0) + value;
    }
  });
  return isMax ? output : output.map((value, i) => value / (counts[Math.floor(i / channels)] ?? 0));
}
