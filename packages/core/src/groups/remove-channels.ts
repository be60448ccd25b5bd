import { EspalierError } from '../errors.js';
import type { GraphNode, ModelGraph } from '../graph/model-graph.js';
import { parameterSpecs, type ParamSpec } from '../graph/parameters.js';
import type { ModelState } from '../params/model-state.js';
import { groupingOf } from './channel-flow.js';
import { channelGroups, type ChannelGroups } from './channel-groups.js';

/** A network: its graph with all its numbers. */
export interface GraphWithState {
  readonly graph: ModelGraph;
  readonly state: ModelState;
}

/** A network with fewer channels, and the former positions of its channels. */
export interface SmallerNetwork extends GraphWithState {
  /** Per node the positions of its last axis that were kept, ascending. */
  readonly kept: ReadonlyMap<string, Uint32Array>;
}

/**
 * The network without those groups: smaller, dense, and of the same output as {@link maskChannels} of it. Groups are
 * those of {@link channelGroups}; depthwise convolutions lose groups, others channels.
 * @throws EspalierError `invalid_argument` naming a layer that would lose all its channels.
 */
export function removeChannels(
  { graph, state }: GraphWithState,
  removed: ReadonlySet<number>,
): SmallerNetwork {
  const groups = channelGroups(graph);
  checkRemoval(groups, removed);
  const kept = keptPositions(groups, removed);
  const at = (node: string): Uint32Array => kept.get(node) ?? new Uint32Array(0);
  const params = new Map(
    parameterSpecs(graph).map((spec) => [spec.name, cut(graph, spec, state.params.get(spec.name), kept)]),
  );
  const moments = new Map(
    [...state.moments].map(([node, { mean, variance }]) => [
      node,
      { mean: pick(mean, at(node)), variance: pick(variance, at(node)) },
    ]),
  );
  return { graph: narrowedGraph(graph, groups, kept), state: { params, moments }, kept };
}

/** Only the graph of {@link removeChannels}. */
export function narrowGraph(graph: ModelGraph, removed: ReadonlySet<number>): ModelGraph {
  const groups = channelGroups(graph);
  checkRemoval(groups, removed);
  return narrowedGraph(graph, groups, keptPositions(groups, removed));
}

function narrowedGraph(
  graph: ModelGraph,
  { groupAt }: ChannelGroups,
  kept: ReadonlyMap<string, Uint32Array>,
): ModelGraph {
  const width = (name: string | undefined): number => kept.get(name ?? '')?.length ?? 0;
  const nodes = graph.nodes.map((node) =>
    narrowed(node, width(node.name), width(node.inputs[0]), {
      inputs: groupAt.get(node.inputs[0] ?? '')?.length ?? 0,
    }),
  );
  return { ...graph, nodes };
}

/**
 * The same network with those groups silenced: kernels' filters, biases and norms that give them are 0, so that they
 * are 0 wherever they are read.
 */
export function maskChannels({ graph, state }: GraphWithState, removed: ReadonlySet<number>): ModelState {
  const { groupAt } = channelGroups(graph);
  const params = new Map(
    parameterSpecs(graph).map(({ name, node }) => {
      const groups = groupAt.get(node) ?? new Int32Array(0);
      const values = state.params
        .get(name)
        ?.map((value, i) => (removed.has(groups[i % groups.length] ?? 0) ? 0 : value));
      return [name, values ?? new Float32Array(0)];
    }),
  );
  return { params, moments: state.moments };
}

function checkRemoval({ groups }: ChannelGroups, removed: ReadonlySet<number>): void {
  const left = new Set(groups.filter(({ id }) => !removed.has(id)).map(({ space }) => space));
  const lost = groups.find(({ space }) => !left.has(space));
  if (lost === undefined) return;
  const layer = lost.producers[0]?.node ?? '';
  throw new EspalierError(
    'invalid_argument',
    `layer ${layer} would lose all its channels; keep at least one`,
    { layer },
  );
}

function keptPositions({ groupAt }: ChannelGroups, removed: ReadonlySet<number>): Map<string, Uint32Array> {
  return new Map(
    [...groupAt].map(([name, groups]) => {
      const positions = Array.from(groups.keys()).filter((i) => !removed.has(groups[i] ?? 0));
      return [name, Uint32Array.from(positions)];
    }),
  );
}

function narrowed(
  node: GraphNode,
  width: number,
  inputWidth: number,
  before: { readonly inputs: number },
): GraphNode {
  if (node.op === 'dense') return { ...node, units: width };
  if (node.op !== 'conv2d') return node;
  const groups = groupingOf(node, before.inputs) === 'depthwise' ? inputWidth : node.groups;
  return { ...node, filters: width, groups };
}

/** The parameter's rows and columns that are left. */
function cut(
  graph: ModelGraph,
  { name, node: nodeName, role, shape }: ParamSpec,
  values: Float32Array | undefined,
  kept: ReadonlyMap<string, Uint32Array>,
): Float32Array {
  if (values === undefined) throw new EspalierError('invalid_params', `${name} is missing`, { name });
  const columns = kept.get(nodeName) ?? new Uint32Array(0);
  if (role !== 'kernel') return pick(values, columns);
  const node = graph.nodes.find((one) => one.name === nodeName);
  const depth = shape.at(-2) ?? 1;
  const inputs = kept.get(node?.inputs[0] ?? '') ?? new Uint32Array(0);
  // In a grouped kernel every group reads the same places, so the first group's show which.
  const isGrouped = node?.op === 'conv2d' && node.groups > 1;
  const rows = isGrouped && depth === 1 ? Uint32Array.of(0) : inputs.filter((row) => row < depth);
  return cutKernel(values, { depth, filters: shape.at(-1) ?? 1, rows, columns });
}

interface KernelCut {
  readonly depth: number;
  readonly filters: number;
  readonly rows: Uint32Array;
  readonly columns: Uint32Array;
}

function cutKernel(values: Float32Array, { depth, filters, rows, columns }: KernelCut): Float32Array {
  const taps = values.length / (depth * filters);
  const cutValues = new Float32Array(taps * rows.length * columns.length);
  let next = 0;
  for (let tap = 0; tap < taps; tap++) {
    for (const row of rows) {
      const from = (tap * depth + row) * filters;
      for (const column of columns) cutValues[next++] = values[from + column] ?? 0;
    }
  }
  return cutValues;
}

function pick(values: Float32Array, positions: Uint32Array): Float32Array {
  return Float32Array.from(positions, (position) => values[position] ?? 0);
}
