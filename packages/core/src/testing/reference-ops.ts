import { unreachable } from '../errors.js';
import type { Conv2dNode, GraphNode, PoolNode, TensorShape } from '../graph/model-graph.js';
import type { ParamRole } from '../graph/parameters.js';
import { resolvePadding, sizeOf } from '../graph/shapes.js';

/** Values with their shape, the batch in front. */
export interface Tensor64 {
  readonly shape: TensorShape;
  readonly values: Float64Array;
}

/** Mean and population variance per channel. */
export interface Moments64 {
  readonly mean: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
}

/** One node's turn in the reference. */
export interface ReferenceTurn {
  readonly node: GraphNode;
  readonly inputs: readonly Tensor64[];
  readonly shape: TensorShape;
  readonly param: (role: ParamRole) => Float64Array;
  readonly moments: Moments64 | null;
}

/** Result of a reference op. */
export interface ReferenceResult {
  readonly output: Tensor64;
  readonly statistics?: Moments64 & { readonly count: number };
  /** Distance of the nearest value to a kink of this op. */
  readonly kink?: number;
}

/** Computes one node by the definition of its op. */
export function referenceNode(turn: ReferenceTurn): ReferenceResult {
  const { node, inputs, shape } = turn;
  const x = inputs[0]!;
  switch (node.op) {
    case 'input':
    case 'flatten':
      return { output: { shape, values: x.values } };
    case 'conv2d':
      return { output: convolve(node, turn) };
    case 'dense':
      return { output: dense(turn, node.useBias) };
    case 'batchNorm':
      return batchNorm(turn, node.epsilon);
    case 'relu':
      return bend(x, (value) => Math.max(value, 0), [0]);
    case 'relu6':
      return bend(x, (value) => Math.min(Math.max(value, 0), 6), [0, 6]);
    case 'add':
      return {
        output: {
          shape,
          values: x.values.map((_, i) => inputs.reduce((sum, one) => sum + one.values[i]!, 0)),
        },
      };
    case 'concat':
      return { output: concat(turn) };
    case 'maxPool':
    case 'avgPool':
      return pool(turn, node.op, windowsOf(node, x.shape));
    case 'globalAvgPool':
      return pool(turn, 'avgPool', [wholeImage(x.shape)]);
    case 'globalMaxPool':
      return pool(turn, 'maxPool', [wholeImage(x.shape)]);
    default:
      return unreachable(node);
  }
}

function dense({ inputs, shape, param }: ReferenceTurn, useBias: boolean): Tensor64 {
  const x = inputs[0]!;
  const kernel = param('kernel');
  const [size = 0, units = 0] = shape;
  const features = x.shape[1]!;
  const values = new Float64Array(size * units);
  for (let n = 0; n < size; n++) {
    for (let u = 0; u < units; u++) {
      let sum = useBias ? param('bias')[u]! : 0;
      for (let f = 0; f < features; f++) sum += x.values[n * features + f]! * kernel[f * units + u]!;
      values[n * units + u] = sum;
    }
  }
  return { shape, values };
}

function convolve(node: Conv2dNode, { inputs, shape, param }: ReferenceTurn): Tensor64 {
  const x = inputs[0]!;
  const [, height = 0, width = 0] = x.shape;
  const [, outHeight = 0, outWidth = 0, filters = 0] = shape;
  const { top, left } = resolvePadding(node.padding, [height, width], node.kernelSize, node.strides);
  const values = new Float64Array(sizeOf(shape));
  if (node.useBias) for (let i = 0; i < values.length; i++) values[i] = param('bias')[i % filters]!;
  for (let tap = 0; tap < node.kernelSize[0] * node.kernelSize[1]; tap++) {
    const down = Math.floor(tap / node.kernelSize[1]) - top;
    const across = (tap % node.kernelSize[1]) - left;
    for (let position = 0; position < values.length / filters; position++) {
      const column = (position % outWidth) * node.strides[1] + across;
      const row = (Math.floor(position / outWidth) % outHeight) * node.strides[0] + down;
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      const sample = Math.floor(position / (outWidth * outHeight));
      const pixel = (sample * height + row) * width + column;
      addTap(
        node,
        { x, pixel, kernel: param('kernel'), tap },
        values.subarray(position * filters, (position + 1) * filters),
      );
    }
  }
  return { shape, values };
}

/** Adds the contribution of one pixel to every filter through one tap. */
function addTap(
  { groups, filters }: Conv2dNode,
  { x, pixel, kernel, tap }: { x: Tensor64; pixel: number; kernel: Float64Array; tap: number },
  sums: Float64Array,
): void {
  const channels = x.shape[3]!;
  const depth = channels / groups;
  const perGroup = filters / groups;
  for (let f = 0; f < filters; f++) {
    const from = pixel * channels + Math.floor(f / perGroup) * depth;
    for (let c = 0; c < depth; c++)
      sums[f]! += x.values[from + c]! * kernel[(tap * depth + c) * filters + f]!;
  }
}

function batchNorm({ inputs, shape, param, moments }: ReferenceTurn, epsilon: number): ReferenceResult {
  const x = inputs[0]!;
  const channels = shape.at(-1)!;
  const own = moments === null ? channelMoments(x.values, channels) : null;
  const { mean, variance } = moments ?? own!;
  const gamma = param('gamma');
  const beta = param('beta');
  const values = x.values.map((value, i) => {
    const c = i % channels;
    return (gamma[c]! * (value - mean[c]!)) / Math.sqrt(variance[c]! + epsilon) + beta[c]!;
  });
  return { output: { shape, values }, ...(own === null ? {} : { statistics: own }) };
}

function channelMoments(values: Float64Array, channels: number): Moments64 & { readonly count: number } {
  const count = values.length / channels;
  const mean = new Float64Array(channels);
  const variance = new Float64Array(channels);
  values.forEach((value, i) => {
    mean[i % channels]! += value / count;
  });
  values.forEach((value, i) => {
    variance[i % channels]! += (value - mean[i % channels]!) ** 2 / count;
  });
  return { mean, variance, count };
}

function bend(x: Tensor64, shape: (value: number) => number, kinks: readonly number[]): ReferenceResult {
  let kink = Infinity;
  for (const value of x.values) for (const bendAt of kinks) kink = Math.min(kink, Math.abs(value - bendAt));
  return { output: { shape: x.shape, values: x.values.map(shape) }, kink };
}

function concat({ inputs, shape }: ReferenceTurn): Tensor64 {
  const values = new Float64Array(sizeOf(shape));
  const rows = values.length / shape.at(-1)!;
  let next = 0;
  for (let row = 0; row < rows; row++) {
    for (const { values: part, shape: partShape } of inputs) {
      const width = partShape.at(-1)!;
      values.set(part.subarray(row * width, (row + 1) * width), next);
      next += width;
    }
  }
  return { shape, values };
}

interface PixelWindow {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

function wholeImage([, height = 0, width = 0]: TensorShape): PixelWindow {
  return { rows: range(0, height), columns: range(0, width) };
}

/** The real pixels under each window, windows in row-major order. */
function windowsOf(node: PoolNode, [, height = 0, width = 0]: TensorShape): readonly PixelWindow[] {
  const pad = resolvePadding(node.padding, [height, width], node.poolSize, node.strides);
  const starts = (padded: number, before: number, window: number, stride: number): number[] =>
    range(0, Math.floor((padded - window) / stride) + 1).map((i) => i * stride - before);
  const real = (start: number, window: number, extent: number): readonly number[] =>
    range(Math.max(0, start), Math.min(extent, start + window));
  return starts(height + pad.top + pad.bottom, pad.top, node.poolSize[0], node.strides[0]).flatMap((y) =>
    starts(width + pad.left + pad.right, pad.left, node.poolSize[1], node.strides[1]).map((x) => ({
      rows: real(y, node.poolSize[0], height),
      columns: real(x, node.poolSize[1], width),
    })),
  );
}

function pool(
  { inputs, shape }: ReferenceTurn,
  kind: 'maxPool' | 'avgPool',
  windows: readonly PixelWindow[],
): ReferenceResult {
  const x = inputs[0]!;
  const [size = 0, height = 0, width = 0, channels = 0] = x.shape;
  const values = new Float64Array(sizeOf(shape));
  let next = 0;
  let kink = Infinity;
  for (let n = 0; n < size; n++) {
    for (const { rows, columns } of windows) {
      for (let c = 0; c < channels; c++) {
        const seen = rows.flatMap((y) =>
          columns.map((column) => x.values[((n * height + y) * width + column) * channels + c]!),
        );
        values[next++] =
          kind === 'maxPool' ? Math.max(...seen) : seen.reduce((sum, value) => sum + value, 0) / seen.length;
        if (kind === 'maxPool') kink = Math.min(kink, lead(seen));
      }
    }
  }
  return { output: { shape, values }, kink };
}

/** By how much the largest value leads the next different one. */
function lead(values: readonly number[]): number {
  const largest = Math.max(...values);
  const others = values.filter((value) => value !== largest);
  return others.length === 0 ? Infinity : largest - Math.max(...others);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}
