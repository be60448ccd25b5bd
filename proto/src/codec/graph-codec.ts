import { inferShapes, parameterSpecs, type GraphBlock, type ModelGraph } from '@espalier/core';
import { v1 } from '../wire.js';
import { malformed } from '../failure.js';
import { decodeNode, encodeNode } from './node-codec.js';
import { required } from './numbers.js';
import { MAX_NODES } from './bounds.js';

/** Largest network that is taken from the wire: 2²⁸ parameters, 1 GiB of float32. */
export const MAX_PARAMETERS = 2 ** 28;

/** The graph as it travels. @throws EspalierError `invalid_argument` where a number does not fit its field. */
export function encodeGraph(graph: ModelGraph): v1.ModelGraph.$Properties {
  const { name, nodes, output, blocks } = graph;
  return {
    name,
    nodes: nodes.map(encodeNode),
    output,
    blocks: blocks.map((block) => ({ name: block.name, nodes: [...block.nodes] })),
  };
}

/**
 * Decodes a graph; its shapes are checked for consistency and its size is bounded.
 * @throws EspalierError `malformed_message`, `not_finite`, or core's `invalid_graph`.
 */
export function decodeGraph(wire: v1.ModelGraph.$Shape | null | undefined): ModelGraph {
  const { name = '', nodes = [], output = '', blocks = [] } = required(wire, 'the graph');
  if (nodes.length > MAX_NODES)
    throw malformed(`a graph of ${nodes.length} nodes; at most ${MAX_NODES} are taken`);
  const graph = { name, nodes: nodes.map(decodeNode), output, blocks: blocks.map(decodeBlock) };
  checkGraph(graph);
  return graph;
}

function decodeBlock({ name = '', nodes = [] }: v1.GraphBlock.$Shape): GraphBlock {
  return { name, nodes };
}

function checkGraph(graph: ModelGraph): void {
  inferShapes(graph);
  const size = parameterSpecs(graph).reduce((sum, spec) => sum + spec.size, 0);
  if (!(size <= MAX_PARAMETERS)) {
    throw malformed(`a graph of ${size} parameters; at most ${MAX_PARAMETERS} are taken`);
  }
  const known = new Set(graph.nodes.map((node) => node.name));
  for (const { name, nodes } of graph.blocks) {
    const stray = nodes.find((node) => !known.has(node));
    if (stray !== undefined) throw malformed(`block ${name} names ${stray}, which is no node`);
  }
}
