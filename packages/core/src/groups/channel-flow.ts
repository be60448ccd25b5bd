import { unreachable } from '../errors.js';
import {
  isPlain,
  type Conv2dNode,
  type GraphNode,
  type ModelGraph,
  type PlainNode,
} from '../graph/model-graph.js';
import { plainOp } from '../graph/plain-ops.js';
import { inferShapes } from '../graph/shapes.js';
import { UnionFind } from './union-find.js';

/**
 * Origin of channels, and sets of channels that can only be kept or removed together, before they have names.
 */
export interface ChannelFlow {
  /** Per node and position of its last axis (every feature of a flattened image), the channel's set. */
  readonly channels: ReadonlyMap<string, Int32Array>;
  /** Sets that must stay: channels of the input and of the logits. */
  readonly frozen: ReadonlySet<number>;
}

/** Way in which a convolution's groups divide its channels. */
export type Grouping = 'whole' | 'depthwise' | 'grouped';

/** Depthwise is one input channel a group; a convolution with one input channel in one group is whole. */
export function groupingOf({ groups }: Conv2dNode, inChannels: number): Grouping {
  if (groups === 1) return 'whole';
  return groups === inChannels ? 'depthwise' : 'grouped';
}

/**
 * Follows every channel through the graph. `add` joins channels of equal position; a depthwise filter joins
 * its input channel; filters and inputs of other grouped convolutions join those at the same place of every
 * group, so that groups stay equally large; `flatten` gives every pixel of a channel the channel's own set.
 * @throws EspalierError `invalid_graph`
 */
export function channelFlow(graph: ModelGraph): ChannelFlow {
  const shapes = inferShapes(graph);
  const sets = new UnionFind();
  const channels = new Map<string, Int32Array>();
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => channels.get(name) ?? new Int32Array(0));
    channels.set(
      node.name,
      outputChannels({ node, inputs, width: shapes.get(node.name)?.at(-1) ?? 0, sets }),
    );
  }
  for (const [name, ids] of channels)
    channels.set(
      name,
      ids.map((id) => sets.find(id)),
    );
  const ends = [channels.get(graph.nodes[0]?.name ?? '') ?? [], channels.get(graph.output) ?? []];
  return { channels, frozen: new Set(ends.flatMap((ids) => [...ids])) };
}

interface FlowTurn {
  readonly node: GraphNode;
  readonly inputs: readonly Int32Array[];
  /** Extent of the node's last axis. */
  readonly width: number;
  readonly sets: UnionFind;
}

function outputChannels({ node, inputs, width, sets }: FlowTurn): Int32Array {
  const first = inputs[0] ?? new Int32Array(0);
  if (isPlain(node)) return plainChannels(node, { inputs, width, sets });
  switch (node.op) {
    case 'conv2d':
      return convChannels(node, first, sets);
    case 'input':
    case 'dense':
      return fresh(width, sets);
    case 'batchNorm':
    case 'maxPool':
    case 'avgPool':
      return first;
    default:
      return unreachable(node);
  }
}

function plainChannels({ op }: PlainNode, { inputs, width, sets }: Omit<FlowTurn, 'node'>): Int32Array {
  const [first = new Int32Array(0)] = inputs;
  const { family } = plainOp(op);
  switch (family) {
    case 'activation':
    case 'globalPool':
      return first;
    case 'sum':
      for (const other of inputs) for (const [i, id] of first.entries()) sets.union(id, other[i] ?? id);
      return first;
    case 'concat':
      return Int32Array.from(inputs.flatMap((ids) => [...ids]));
    case 'flatten':
      return Int32Array.from({ length: width }, (_, i) => first[i % first.length] ?? 0);
    default:
      return unreachable(family);
  }
}

function convChannels(node: Conv2dNode, input: Int32Array, sets: UnionFind): Int32Array {
  const { filters, groups } = node;
  const perGroup = filters / groups;
  switch (groupingOf(node, input.length)) {
    case 'whole':
      return fresh(filters, sets);
    case 'depthwise': {
      return Int32Array.from({ length: filters }, (_, f) => input[Math.floor(f / perGroup)] ?? 0);
    }
    case 'grouped': {
      const depth = input.length / groups;
      for (const [i, id] of input.entries()) sets.union(id, input[i % depth] ?? id);
      const places = fresh(perGroup, sets);
      return Int32Array.from({ length: filters }, (_, f) => places[f % perGroup] ?? 0);
    }
  }
}

function fresh(count: number, sets: UnionFind): Int32Array {
  return Int32Array.from({ length: count }, () => sets.add());
}
