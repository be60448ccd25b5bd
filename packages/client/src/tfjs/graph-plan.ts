import {
  EspalierError,
  inferShapes,
  momentSpecs,
  parameterSpecs,
  resolvePadding,
  sizeOf,
  type GraphNode,
  type ModelGraph,
  type MomentSpec,
  type ParamSpec,
  type TensorShape,
} from '@espalier/core';
import { nodeOps } from './nodes/node-ops.js';

/** A node with what the two passes need to know about its place in the graph. */
export interface PlannedNode {
  readonly node: GraphNode;
  readonly inputShapes: readonly TensorShape[];
  readonly outputShape: TensorShape;
  /** Whether a parameter stands at this node or before it, so that its output's gradient is wanted. */
  readonly wantsGradient: boolean;
  /** Nodes whose output nothing reads after this node's forward turn, so that inference may free it. */
  readonly lastRead: readonly string[];
}

/** A graph prepared for execution. */
export interface GraphPlan {
  readonly graph: ModelGraph;
  readonly nodes: readonly PlannedNode[];
  readonly byName: ReadonlyMap<string, PlannedNode>;
  readonly params: readonly ParamSpec[];
  readonly moments: readonly MomentSpec[];
  /** Nodes whose output the backward pass reads. */
  readonly kept: ReadonlySet<string>;
  /** Multiply-accumulates of one sample, convolutions and dense layers, dense. */
  readonly forwardMacs: number;
  readonly trainMacs: number;
}

/**
 * Prepares a graph.
 * @throws EspalierError `invalid_graph` when it is not one, or pools over padding alone.
 */
export function planGraph(graph: ModelGraph): GraphPlan {
  const shapes = inferShapes(graph);
  const params = parameterSpecs(graph);
  const withGradient = nodesWithGradient(graph, params);
  const nodes = graph.nodes.map((node) => ({
    node,
    inputShapes: node.inputs.map((name) => shapes.get(name) ?? []),
    outputShape: shapes.get(node.name) ?? [],
    wantsGradient: withGradient.has(node.name),
    lastRead: lastReadBy(graph, node),
  }));
  for (const planned of nodes) checkPooling(planned);
  return {
    graph,
    nodes,
    byName: new Map(nodes.map((planned) => [planned.node.name, planned])),
    params,
    moments: momentSpecs(graph),
    kept: keptForBackward(graph),
    ...countMacs(nodes),
  };
}

function nodesWithGradient(graph: ModelGraph, params: readonly ParamSpec[]): ReadonlySet<string> {
  const found = new Set(params.map(({ node }) => node));
  for (const node of graph.nodes) if (node.inputs.some((name) => found.has(name))) found.add(node.name);
  return found;
}

function lastReadBy(graph: ModelGraph, node: GraphNode): readonly string[] {
  const later = graph.nodes.slice(graph.nodes.indexOf(node) + 1);
  const own =
    later.some((other) => other.inputs.includes(node.name)) || node.name === graph.output ? [] : [node.name];
  const read = node.inputs.filter(
    (name, i) =>
      node.inputs.indexOf(name) === i &&
      name !== graph.output &&
      !later.some((other) => other.inputs.includes(name)),
  );
  return [...own, ...read];
}

function keptForBackward(graph: ModelGraph): ReadonlySet<string> {
  return new Set(
    graph.nodes.flatMap((node) => {
      const { keepsInput, keepsOutput } = nodeOps[node.op];
      return [...(keepsInput ? node.inputs : []), ...(keepsOutput ? [node.name] : [])];
    }),
  );
}

function checkPooling({ node, inputShapes }: PlannedNode): void {
  if (node.op !== 'maxPool' && node.op !== 'avgPool') return;
  const [height = 0, width = 0] = inputShapes[0] ?? [];
  const { top, bottom, left, right } = resolvePadding(
    node.padding,
    [height, width],
    node.poolSize,
    node.strides,
  );
  if (Math.max(top, bottom) >= node.poolSize[0] || Math.max(left, right) >= node.poolSize[1]) {
    throw new EspalierError(
      'invalid_graph',
      `node ${node.name} pads by a whole window or more, so it would pool over no pixel; pad by less than [${String(node.poolSize)}]`,
      { node: node.name },
    );
  }
}

/** Backward costs as much as forward for each of the two gradients; the first layers need none for their input. */
function countMacs(nodes: readonly PlannedNode[]): { forwardMacs: number; trainMacs: number } {
  const wanting = new Set(nodes.filter(({ wantsGradient }) => wantsGradient).map(({ node }) => node.name));
  let forwardMacs = 0;
  let trainMacs = 0;
  for (const planned of nodes) {
    const macs = macsOf(planned);
    forwardMacs += macs;
    trainMacs += macs * (wanting.has(planned.node.inputs[0] ?? '') ? 3 : 2);
  }
  return { forwardMacs, trainMacs };
}

function macsOf({ node, inputShapes, outputShape }: PlannedNode): number {
  const channels = inputShapes[0]?.at(-1) ?? 0;
  if (node.op === 'dense') return channels * node.units;
  if (node.op !== 'conv2d') return 0;
  return sizeOf(outputShape) * node.kernelSize[0] * node.kernelSize[1] * (channels / node.groups);
}
