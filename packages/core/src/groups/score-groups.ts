import type { ScoreTree } from '../criteria/criterion.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { parameterSpecs, type ParamSpec } from '../graph/parameters.js';
import type { ParamTree } from '../params/model-state.js';
import type { ChannelGroup, ChannelGroups, ChannelSlice } from './channel-groups.js';

/**
 * One score per group, lifted from scores of weights: the mean over the group's filters and over the rows that read
 * them, each relative to its layer's mean, so that layers compare (as DepGraph normalises). Layers that the criterion
 * leaves out, such as the stem and the classifier, count only for groups that have no others, by magnitude.
 * @param scores per maskable parameter, at least 0 for kept-worthy weights
 */
export function groupScores(
  graph: ModelGraph,
  { groups, groupAt }: ChannelGroups,
  { scores, params }: { readonly scores: ScoreTree; readonly params: ParamTree },
): Float64Array {
  const kernels = new Map(
    parameterSpecs(graph)
      .filter(({ role }) => role === 'kernel')
      .map((spec) => [spec.node, spec]),
  );
  const inputOf = new Map(graph.nodes.map(({ name, inputs }) => [name, inputs[0] ?? '']));
  const table = new Map([...kernels].map(([node, spec]) => [node, layerMeans(spec, scores, params)]));
  const width = (node: string): number => groupAt.get(inputOf.get(node) ?? '')?.length ?? 1;
  return Float64Array.from(groups, (group) => groupScore(group, table, width));
}

interface LayerMeans {
  readonly scored: boolean;
  /** Mean score of each filter and of each row of the kernel, relative to the layer's. */
  readonly filters: Float64Array;
  readonly rows: Float64Array;
}

function groupScore(
  { producers, readers }: ChannelGroup,
  table: ReadonlyMap<string, LayerMeans>,
  width: (node: string) => number,
): number {
  const slices = [
    ...producers.map((slice) => ({
      layer: table.get(slice.node),
      value: sliceMean(table.get(slice.node)?.filters, slice),
    })),
    ...readers.map((slice) => {
      const rows = table.get(slice.node)?.rows;
      return {
        layer: table.get(slice.node),
        value: sliceMean(rows, slice, rows && rows.length < width(slice.node) ? rows.length : Infinity),
      };
    }),
  ];
  const scored = slices.filter(({ layer }) => layer?.scored);
  const counted = scored.length > 0 ? scored : slices;
  return counted.reduce((sum, { value }) => sum + value, 0) / Math.max(1, counted.length);
}

/** A row of a grouped kernel belongs to the same place of every group. */
function sliceMean(values: Float64Array | undefined, { positions }: ChannelSlice, depth = Infinity): number {
  if (values === undefined) return 0;
  return (
    positions.reduce((sum, position) => sum + (values[position % depth] ?? values[position] ?? 0), 0) /
    positions.length
  );
}

function layerMeans({ name, shape }: ParamSpec, scores: ScoreTree, params: ParamTree): LayerMeans {
  const own = scores.get(name);
  const values = own ?? params.get(name)?.map(Math.abs) ?? new Float32Array(0);
  const width = shape.at(-1) ?? 1;
  const depth = shape.at(-2) ?? 1;
  const filters = new Float64Array(width);
  const rows = new Float64Array(depth);
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    total += value;
    filters[i % width] = (filters[i % width] ?? 0) + value;
    rows[Math.floor(i / width) % depth] = (rows[Math.floor(i / width) % depth] ?? 0) + value;
  }
  const unit = total === 0 ? 1 : total;
  return {
    scored: own !== undefined,
    filters: filters.map((sum) => (sum * width) / unit),
    rows: rows.map((sum) => (sum * depth) / unit),
  };
}
