import type { ModelGraph } from '../graph/model-graph.js';
import { channelFlow } from './channel-flow.js';

/** Channels at one place of one node. */
export interface ChannelSlice {
  readonly node: string;
  /** Positions on the node's last axis, or of the axis it reads, ascending. */
  readonly positions: readonly number[];
}

/** Channels that live and die together. */
export interface ChannelGroup {
  /** Its place in {@link ChannelGroups.groups}. */
  readonly id: number;
  /** Filters of convolutions and units of dense layers that give it. */
  readonly producers: readonly ChannelSlice[];
  /**
   * Input positions of the layers with kernels that read it; depthwise filters are listed with the producers
   * only.
   */
  readonly readers: readonly ChannelSlice[];
  /** Groups of the same producers share one; every space keeps at least one of its groups. */
  readonly space: string;
}

/** The channel dependencies of a graph. */
export interface ChannelGroups {
  /** Groups that may be removed, in graph order. */
  readonly groups: readonly ChannelGroup[];
  /** Per node and position of its last axis the group there, or −1 if it must be kept. */
  readonly groupAt: ReadonlyMap<string, Int32Array>;
}

/**
 * The groups of channels that pruning may remove: never channels of the input and of the logits, nor any that an
 * addition couples with one of those (Fang et al., "DepGraph", CVPR 2023; SPA, ICML 2024).
 * @throws EspalierError `invalid_graph`
 */
export function channelGroups(graph: ModelGraph): ChannelGroups {
  const { channels, frozen } = channelFlow(graph);
  const numbers = new Map<number, number>();
  for (const ids of channels.values()) {
    for (const id of ids) if (!frozen.has(id) && !numbers.has(id)) numbers.set(id, numbers.size);
  }
  const groupAt = new Map([...channels].map(([name, ids]) => [name, ids.map((id) => numbers.get(id) ?? -1)]));
  const slices = collectSlices(graph, groupAt);
  const groups = Array.from({ length: numbers.size }, (_, id) => {
    const producers = slices.producers[id] ?? [];
    const readers = slices.readers[id] ?? [];
    return { id, producers, readers, space: producers.map(({ node }) => node).join(' ') };
  });
  return { groups, groupAt };
}

interface Slices {
  readonly producers: ChannelSlice[][];
  readonly readers: ChannelSlice[][];
}

function collectSlices(graph: ModelGraph, groupAt: ReadonlyMap<string, Int32Array>): Slices {
  const slices: Slices = { producers: [], readers: [] };
  for (const node of graph.nodes) {
    if (node.op !== 'conv2d' && node.op !== 'dense') continue;
    const input = groupAt.get(node.inputs[0] ?? '') ?? new Int32Array(0);
    addSlices(slices.producers, node.name, groupAt.get(node.name) ?? new Int32Array(0));
    const isDepthwise = node.op === 'conv2d' && node.groups > 1 && node.groups === input.length;
    if (!isDepthwise) addSlices(slices.readers, node.name, input);
  }
  return slices;
}

function addSlices(into: ChannelSlice[][], node: string, groupAt: Int32Array): void {
  const positions = new Map<number, number[]>();
  groupAt.forEach((group, position) => {
    if (group < 0) return;
    const list = positions.get(group);
    if (list) list.push(position);
    else positions.set(group, [position]);
  });
  for (const [group, list] of positions) (into[group] ??= []).push({ node, positions: list });
}
