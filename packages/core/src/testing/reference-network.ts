import type { Batch } from '../data/batches.js';
import type { GraphNode, ModelGraph, TensorShape } from '../graph/model-graph.js';
import { parameterSpecs } from '../graph/parameters.js';
import { inferShapes, inputShape, numClasses, sizeOf } from '../graph/shapes.js';
import { referenceNode, type Moments64, type Tensor64 } from './reference-ops.js';

/** Parameters in double precision. */
export type Params64 = ReadonlyMap<string, Float64Array>;

/** Batch-norm statistics to normalise by. */
export type MomentTree64 = ReadonlyMap<string, Moments64>;

/** Results of the reference for a batch. */
export interface ReferencePass {
  /** `[size, classes]`. */
  readonly logits: Float64Array;
  /** Softmax cross-entropy summed over the samples. */
  readonly lossSum: number;
  /** The batch's own statistics by batch-norm node (in training mode), over `count` positions. */
  readonly statistics: ReadonlyMap<string, Moments64 & { readonly count: number }>;
  /**
   * Smallest distance of an activation from a kink: the bend of a relu, or two pixels of a window close to
   * being its maximum.
   */
  readonly nearestKink: number;
}

/**
 * The graph language by its definition, in double precision, forward only: slow, plain, and independent of any
 * trainer. Null moments mean training mode.
 */
export function referenceForward(
  graph: ModelGraph,
  params: Params64,
  batch: Batch,
  moments: MomentTree64 | null = null,
): ReferencePass {
  const shapes = inferShapes(graph);
  const values = new Map<string, Tensor64>();
  const statistics = new Map<string, Moments64 & { readonly count: number }>();
  let nearestKink = Infinity;
  for (const node of graph.nodes) {
    const turn = referenceNode({
      node,
      inputs: inputsOf(graph, node, values, batch),
      shape: [batch.size, ...(shapes.get(node.name) ?? [])],
      param: (role) => params.get(`${node.name}/${role}`)!,
      moments: moments?.get(node.name) ?? null,
    });
    values.set(node.name, turn.output);
    if (turn.statistics) statistics.set(node.name, turn.statistics);
    nearestKink = Math.min(nearestKink, turn.kink ?? Infinity);
  }
  const logits = values.get(graph.output)!.values;
  return { logits, lossSum: crossEntropy(logits, batch.labels, numClasses(graph)), statistics, nearestKink };
}

/** Some entries of a parameter's gradient, by flat index. */
export type SampledGradient = ReadonlyMap<number, number>;

/**
 * Central differences of the mean loss in training mode: of every parameter up to `perParameter` entries, evenly
 * spread. Away from kinks they are good to about nine digits.
 */
export function referenceGradients(
  graph: ModelGraph,
  params: Params64,
  batch: Batch,
  perParameter = 16,
): ReadonlyMap<string, SampledGradient> {
  const step = 1e-5;
  const probe = new Map([...params].map(([name, values]) => [name, values.slice()]));
  const meanLoss = (): number => referenceForward(graph, probe, batch).lossSum / batch.size;
  const slope = (values: Float64Array, i: number): number => {
    const centre = values[i]!;
    values[i] = centre + step;
    const above = meanLoss();
    values[i] = centre - step;
    const below = meanLoss();
    values[i] = centre;
    return (above - below) / (2 * step);
  };
  return new Map(
    parameterSpecs(graph).map(({ name, size }) => {
      const count = Math.min(size, perParameter);
      const entries = Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * size) / count));
      return [name, new Map(entries.map((i) => [i, slope(probe.get(name)!, i)]))];
    }),
  );
}

/** Parameters, or other arrays by name, in double precision. */
export function doubled(tree: ReadonlyMap<string, Float32Array>): Map<string, Float64Array> {
  return new Map([...tree].map(([name, values]) => [name, Float64Array.from(values)]));
}

function inputsOf(
  graph: ModelGraph,
  node: GraphNode,
  values: ReadonlyMap<string, Tensor64>,
  batch: Batch,
): readonly Tensor64[] {
  if (node.op !== 'input') return node.inputs.map((name) => values.get(name)!);
  const shape: TensorShape = [batch.size, ...inputShape(graph)];
  return [{ shape, values: Float64Array.from(batch.images.subarray(0, sizeOf(shape))) }];
}

function crossEntropy(logits: Float64Array, labels: Uint16Array, classes: number): number {
  let sum = 0;
  for (const [i, label] of labels.entries()) {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    const largest = Math.max(...row);
    sum +=
      largest + Math.log(row.reduce((total, value) => total + Math.exp(value - largest), 0)) - row[label]!;
  }
  return sum;
}
