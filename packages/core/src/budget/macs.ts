import type { ModelGraph } from '../graph/model-graph.js';
import { parameterSpecs, type ParamSpec } from '../graph/parameters.js';
import { inferShapes, type ShapeTable } from '../graph/shapes.js';
import type { Mask } from '../mask/mask.js';
import { activeCount } from './active.js';

/** Multiply-accumulates of one sample. */
export interface MacCount {
  readonly total: number;
  /** Nodes with kernels only, in graph order. */
  readonly perNode: ReadonlyMap<string, number>;
}

/** Multiply-accumulates of one sample's training step. */
export interface TrainMacCount {
  readonly forward: number;
  /** Gradient of the loss with respect to activations. */
  readonly inputGradient: number;
  /** Gradient of the loss with respect to active weights. */
  readonly weightGradient: number;
  readonly total: number;
}

/**
 * Multiply-accumulates of one sample's forward pass under a mask (null: dense): each active weight once per
 * output position, borders included; biases, norms, activations and pools count nothing. This is the least
 * that a sparse trainer must do; its actual work is its footprint.
 * @throws EspalierError `invalid_graph`, `invalid_mask`
 */
export function forwardMacs(graph: ModelGraph, mask: Mask | null): MacCount {
  return macsOf(graph, (spec) => activeCount(spec, mask));
}

/**
 * Multiply-accumulates of one forward pass; `computed` gives the number of weights of a kernel that take
 * part.
 */
function macsOf(graph: ModelGraph, computed: (spec: ParamSpec) => number): MacCount {
  const shapes = inferShapes(graph);
  const kernels = parameterSpecs(graph).filter(({ role }) => role === 'kernel');
  const perNode = new Map(kernels.map((spec) => [spec.node, computed(spec) * positions(spec, shapes)]));
  return { total: sum(perNode.values()), perNode };
}

/**
 * Multiply-accumulates of one sample's forward and backward pass under a mask (null: dense). Backward costs
 * what forward does once for the weights' gradient (active weights only), and once more for the input's
 * gradient, except in layers with nothing trainable before them, such as the stem.
 * @param denseFrom for a trainer that computes layers with all of their weights where they keep that share or
 *   more: in (0, 1], except for grouped layers, which always use their lists; 0 for one that has no lists.
 *   Left out for active weights only
 * @throws EspalierError `invalid_graph`, `invalid_mask`
 */
export function trainMacs(graph: ModelGraph, mask: Mask | null, denseFrom = Infinity): TrainMacCount {
  const grouped = denseFrom === 0 ? new Set<string>() : nodesInGroups(graph);
  const { total: forward, perNode } = macsOf(graph, (spec) => {
    const active = activeCount(spec, mask);
    return active >= denseFrom * spec.size && !grouped.has(spec.node) ? spec.size : active;
  });
  const behindTrainable = nodesBehindParameters(graph);
  const inputGradient = sum([...perNode].map(([node, macs]) => (behindTrainable.has(node) ? macs : 0)));
  return { forward, inputGradient, weightGradient: forward, total: 2 * forward + inputGradient };
}

/**
 * Multiply-accumulates of one sample for the whole gradients of those kernels, active or not, in addition to
 * a training step under a mask.
 */
export function wholeGradientMacs(graph: ModelGraph, kernels: readonly string[]): number {
  const { perNode } = forwardMacs(graph, null);
  const wanted = new Set(kernels);
  const nodes = parameterSpecs(graph).filter(({ name }) => wanted.has(name));
  return sum(nodes.map(({ node }) => perNode.get(node) ?? 0));
}

/** Output positions of a layer: pixels of a convolution, 1 of a dense layer. */
function positions({ node }: ParamSpec, shapes: ShapeTable): number {
  const [height = 1, width = 1] = (shapes.get(node) ?? []).slice(0, -1);
  return height * width;
}

function nodesInGroups({ nodes }: ModelGraph): ReadonlySet<string> {
  const grouped = nodes.filter((node) => node.op === 'conv2d' && node.groups > 1);
  return new Set(grouped.map(({ name }) => name));
}

/** Nodes with a parameter somewhere before them: only there is the input's gradient wanted. */
function nodesBehindParameters(graph: ModelGraph): ReadonlySet<string> {
  const trainable = new Set(parameterSpecs(graph).map(({ node }) => node));
  const behind = new Set<string>();
  for (const { name, inputs } of graph.nodes) {
    if (inputs.some((input) => trainable.has(input) || behind.has(input))) behind.add(name);
  }
  return behind;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
