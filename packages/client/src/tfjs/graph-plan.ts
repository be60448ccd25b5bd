import {
  checkGraph,
  inferShapes,
  momentSpecs,
  parameterSpecs,
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
  /** True when this node or one before it has parameters, so that its output's gradient is wanted. */
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
}

/**
 * Prepares a graph.
 * @throws EspalierError `invalid_graph` when it is not one; see `checkGraph`.
 */
export function planGraph(graph: ModelGraph): GraphPlan {
  checkGraph(graph);
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
  return {
    graph,
    nodes,
    byName: new Map(nodes.map((planned) => [planned.node.name, planned])),
    params,
    moments: momentSpecs(graph),
    kept: keptForBackward(graph),
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
