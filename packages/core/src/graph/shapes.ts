import { EspalierError, unreachable } from '../errors.js';
import {
  isPlain,
  type Conv2dNode,
  type ExplicitPadding,
  type GraphNode,
  type ModelGraph,
  type Padding,
  type PlainNode,
  type PoolNode,
  type Size2,
  type TensorShape,
} from './model-graph.js';
import { plainOp } from './plain-ops.js';

/** Output shape per node name, in the graph's order. */
export type ShapeTable = ReadonlyMap<string, TensorShape>;

/** Number of elements of a shape. */
export function sizeOf(shape: TensorShape): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** The pixels of padding that `padding` means for this window on this input. */
export function resolvePadding(
  padding: Padding,
  input: Size2,
  window: Size2,
  strides: Size2,
): ExplicitPadding {
  if (padding === 'valid') return { top: 0, bottom: 0, left: 0, right: 0 };
  if (padding !== 'same') return padding;
  const [top, bottom] = samePadding(input[0], window[0], strides[0]);
  const [left, right] = samePadding(input[1], window[1], strides[1]);
  return { top, bottom, left, right };
}

function samePadding(input: number, window: number, stride: number): [number, number] {
  const total = Math.max(0, (Math.ceil(input / stride) - 1) * stride + window - input);
  const before = Math.floor(total / 2);
  return [before, total - before];
}

/**
 * Output shape of every node.
 * @throws EspalierError `invalid_graph` naming the first node that does not fit, and why.
 */
export function inferShapes(graph: ModelGraph): ShapeTable {
  const shapes = new Map<string, TensorShape>();
  for (const node of graph.nodes) inferNextShape(shapes, node);
  const output = shapes.get(graph.output);
  if (output?.length !== 1) {
    throw invalid(
      graph.output,
      `is the graph's output and must give [classes], but gives [${String(output)}]`,
    );
  }
  return shapes;
}

/**
 * Adds the output shape of the node that follows those of the table.
 * @throws EspalierError `invalid_graph` when it does not fit, and why.
 */
export function inferNextShape(shapes: Map<string, TensorShape>, node: GraphNode): void {
  checkNode(node, shapes.size, shapes);
  shapes.set(
    node.name,
    outputShape(
      node,
      node.inputs.map((name) => shapes.get(name) ?? []),
    ),
  );
}

/** `[h, w, c]` of the graph's input. */
export function inputShape(graph: ModelGraph): TensorShape {
  const first = graph.nodes[0];
  if (first?.op !== 'input')
    throw invalid(first?.name ?? '(none)', 'must be the input, being the first node');
  return first.shape;
}

/** Number of logits. */
export function numClasses(graph: ModelGraph): number {
  return inferShapes(graph).get(graph.output)?.[0] ?? 0;
}

function checkNode(node: GraphNode, position: number, seen: ReadonlyMap<string, TensorShape>): void {
  if (!/^[\w.\-/]+$/.test(node.name)) throw invalid(node.name, 'may hold letters, digits, _ - . and / only');
  if (seen.has(node.name)) throw invalid(node.name, 'stands twice in the graph');
  if ((node.op === 'input') !== (position === 0))
    throw invalid(node.name, 'input must be the first node, and only it');
  const missing = node.inputs.find((name) => !seen.has(name));
  if (missing !== undefined) throw invalid(node.name, `reads ${missing}, which does not stand before it`);
  const joins = isPlain(node) && ['sum', 'concat'].includes(plainOp(node.op).family);
  const expected = node.op === 'input' ? 0 : 1;
  if (joins ? node.inputs.length < 2 : node.inputs.length !== expected) {
    throw invalid(node.name, `(${node.op}) has ${String(node.inputs.length)} inputs`);
  }
}

function outputShape(node: GraphNode, inputs: readonly TensorShape[]): TensorShape {
  const first = inputs[0] ?? [];
  if (isPlain(node)) return plainShape(node, inputs);
  switch (node.op) {
    case 'input':
      return checkedExtents(node.name, node.shape);
    case 'conv2d':
      return convShape(node, first);
    case 'dense':
      if (first.length !== 1)
        throw invalid(node.name, `(dense) needs [features], got [${String(first)}]: flatten first`);
      return checkedExtents(node.name, [node.units]);
    case 'maxPool':
    case 'avgPool':
      return windowShape(node, node.poolSize, first, first[2] ?? 0);
    case 'batchNorm':
      return first;
    default:
      return unreachable(node);
  }
}

function plainShape({ op, name }: PlainNode, inputs: readonly TensorShape[]): TensorShape {
  const [first = []] = inputs;
  const { family } = plainOp(op);
  switch (family) {
    case 'activation':
      return first;
    case 'sum':
      return addShape(name, inputs);
    case 'concat':
      return concatShape(name, inputs);
    case 'globalPool':
      return [image(name, first)[2] ?? 0];
    case 'flatten':
      return [sizeOf(first)];
    default:
      return unreachable(family);
  }
}

function convShape(node: Conv2dNode, input: TensorShape): TensorShape {
  const channels = image(node.name, input)[2] ?? 0;
  if (node.groups < 1 || channels % node.groups !== 0 || node.filters % node.groups !== 0) {
    throw invalid(
      node.name,
      `has ${String(node.groups)} groups, which must divide its ${String(channels)} input channels and ${String(node.filters)} filters`,
    );
  }
  return windowShape(node, node.kernelSize, input, node.filters);
}

function windowShape(
  node: Conv2dNode | PoolNode,
  window: Size2,
  input: TensorShape,
  channels: number,
): TensorShape {
  const [height = 0, width = 0] = image(node.name, input);
  const pad = resolvePadding(node.padding, [height, width], window, node.strides);
  const outHeight = Math.floor((height + pad.top + pad.bottom - window[0]) / node.strides[0]) + 1;
  const outWidth = Math.floor((width + pad.left + pad.right - window[1]) / node.strides[1]) + 1;
  return checkedExtents(node.name, [outHeight, outWidth, channels]);
}

function addShape(name: string, inputs: readonly TensorShape[]): TensorShape {
  const first = inputs[0] ?? [];
  for (const other of inputs) {
    if (String(other) !== String(first))
      throw invalid(name, `adds [${String(first)}] and [${String(other)}]`);
  }
  return first;
}

function concatShape(name: string, inputs: readonly TensorShape[]): TensorShape {
  const first = inputs[0] ?? [];
  const leading = String(first.slice(0, -1));
  for (const other of inputs) {
    if (String(other.slice(0, -1)) !== leading)
      throw invalid(name, `joins [${String(first)}] and [${String(other)}]`);
  }
  return [...first.slice(0, -1), inputs.reduce((sum, shape) => sum + (shape.at(-1) ?? 0), 0)];
}

function image(name: string, shape: TensorShape): TensorShape {
  if (shape.length !== 3) throw invalid(name, `needs [height, width, channels], got [${String(shape)}]`);
  return shape;
}

function checkedExtents(name: string, shape: TensorShape): TensorShape {
  if (shape.length === 0 || shape.some((extent) => !Number.isSafeInteger(extent) || extent < 1)) {
    throw invalid(name, `would give [${String(shape)}]; every extent must be a whole number of at least 1`);
  }
  return shape;
}

function invalid(name: string, problem: string): EspalierError {
  return new EspalierError('invalid_graph', `node ${name} ${problem}`, { node: name });
}
