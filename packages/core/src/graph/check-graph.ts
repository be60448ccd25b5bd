import { EspalierError, unreachable } from '../errors.js';
import {
  isPlain,
  type Conv2dNode,
  type ExplicitPadding,
  type GraphNode,
  type ModelGraph,
  type Padding,
  type PoolNode,
} from './model-graph.js';
import { parameterSpecs } from './parameters.js';
import { inferShapes, inputShape, sizeOf } from './shapes.js';

/** Limits on a graph from outside: far above the zoo, far below the size that would exhaust a device. */
export const GRAPH_LIMITS = {
  nodes: 10_000,
  inputsPerNode: 1_000,
  nameLength: 200,
  /** Kernel and pool extents, strides, groups' and padding's pixels, filters, units, and extents of the input. */
  extent: 65_536,
  /** Values of one node's output for one sample. */
  activations: 2 ** 28,
  /** Trainable parameters of the whole graph. */
  weights: 2 ** 28,
} as const;

/**
 * Checks a graph from outside (the wire, a file): sizes within {@link GRAPH_LIMITS}, every attribute a
 * sensible number, shapes that fit ({@link inferShapes}), every node leading to the output, and blocks that
 * name existing nodes, each at most once.
 * @throws EspalierError `invalid_graph` naming the first node or block that does not fit, and why.
 */
export function checkGraph(graph: ModelGraph): void {
  checkCounts(graph);
  for (const node of graph.nodes) checkAttributes(node);
  const rank = inputShape(graph).length;
  if (rank !== 1 && rank !== 3) throw invalid('the input', 'must be [height, width, channels] or [features]');
  checkSizes(graph);
  checkReach(graph);
  checkBlocks(graph);
}

function checkCounts({ nodes }: ModelGraph): void {
  if (nodes.length > GRAPH_LIMITS.nodes) {
    throw invalid('the graph', `has ${String(nodes.length)} nodes, more than ${String(GRAPH_LIMITS.nodes)}`);
  }
  for (const { name, inputs } of nodes) {
    if (name.length > GRAPH_LIMITS.nameLength)
      throw invalid(`node ${name.slice(0, 20)}…`, 'has too long a name');
    if (inputs.length > GRAPH_LIMITS.inputsPerNode) throw invalid(`node ${name}`, 'has too many inputs');
  }
}

function checkAttributes(node: GraphNode): void {
  if (isPlain(node)) return;
  switch (node.op) {
    case 'input':
      node.shape.forEach((extent) => {
        checkWhole(node, 'shape', extent, 1);
      });
      return;
    case 'conv2d':
      checkWhole(node, 'filters', node.filters, 1);
      checkWhole(node, 'groups', node.groups, 1);
      checkWindow(node, node.kernelSize);
      return;
    case 'dense':
      checkWhole(node, 'units', node.units, 1);
      return;
    case 'batchNorm':
      if (!(node.epsilon > 0 && node.epsilon < 1))
        throw invalid(`node ${node.name}`, 'needs an epsilon between 0 and 1');
      if (!Number.isFinite(node.initialGamma))
        throw invalid(`node ${node.name}`, 'needs a finite initialGamma');
      return;
    case 'maxPool':
    case 'avgPool':
      checkWindow(node, node.poolSize);
      checkPoolPadding(node);
      return;
    default:
      unreachable(node);
  }
}

function checkWindow(node: Conv2dNode | PoolNode, window: readonly number[]): void {
  const pairs: readonly (readonly number[])[] = [window, node.strides];
  if (pairs.some((pair) => pair.length !== 2))
    throw invalid(`node ${node.name}`, 'needs two extents and two strides');
  for (const extent of window) checkWhole(node, 'window', extent, 1);
  for (const stride of node.strides) checkWhole(node, 'stride', stride, 1);
  for (const pixels of pixelsOf(node.padding)) checkWhole(node, 'padding', pixels, 0);
}

/** Padding as wide as the window would make windows without a single real pixel, whose maximum does not exist. */
function checkPoolPadding({ name, padding, poolSize: [height, width] }: PoolNode): void {
  if (typeof padding === 'string') return;
  const { top, bottom, left, right } = padding;
  if (Math.max(top, bottom) >= height || Math.max(left, right) >= width) {
    throw invalid(`node ${name}`, 'pads its pool by a whole window or more');
  }
}

function pixelsOf(padding: Padding): readonly number[] {
  if (padding === 'same' || padding === 'valid') return [];
  const { top, bottom, left, right }: ExplicitPadding = padding;
  return [top, bottom, left, right];
}

function checkWhole({ name }: GraphNode, what: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= GRAPH_LIMITS.extent) return;
  throw invalid(
    `node ${name}`,
    `has ${what} ${String(value)}, which is not a whole number from ${String(least)} to ${String(GRAPH_LIMITS.extent)}`,
  );
}

function checkSizes(graph: ModelGraph): void {
  for (const [name, shape] of inferShapes(graph)) {
    if (sizeOf(shape) > GRAPH_LIMITS.activations) {
      throw invalid(
        `node ${name}`,
        `gives [${String(shape)}], more than ${String(GRAPH_LIMITS.activations)} values`,
      );
    }
  }
  const weights = parameterSpecs(graph).reduce((sum, { size }) => sum + size, 0);
  if (weights > GRAPH_LIMITS.weights) {
    throw invalid(
      'the graph',
      `has ${String(weights)} parameters, more than ${String(GRAPH_LIMITS.weights)}`,
    );
  }
}

/** A node that leads nowhere would have parameters without gradients. */
function checkReach({ nodes, output }: ModelGraph): void {
  const needed = new Set([output]);
  for (const { name, inputs } of [...nodes].reverse()) {
    if (!needed.has(name)) throw invalid(`node ${name}`, 'does not lead to the output');
    for (const input of inputs) needed.add(input);
  }
}

function checkBlocks({ nodes, blocks }: ModelGraph): void {
  const free = new Set(nodes.map(({ name }) => name));
  const names = new Set(blocks.map(({ name }) => name));
  if (names.size !== blocks.length || names.has(''))
    throw invalid('the graph', 'has blocks without names of their own');
  for (const block of blocks) {
    for (const node of block.nodes) {
      if (!free.delete(node))
        throw invalid(`block ${block.name}`, `lists ${node}, which does not exist or is listed before`);
    }
  }
}

function invalid(what: string, problem: string): EspalierError {
  return new EspalierError('invalid_graph', `${what} ${problem}`);
}
