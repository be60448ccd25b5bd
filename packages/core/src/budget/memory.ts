import { EspalierError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { momentSpecs, parameterSpecs } from '../graph/parameters.js';
import { inferShapes, sizeOf } from '../graph/shapes.js';
import type { Mask } from '../mask/mask.js';
import { activeCount } from './active.js';

/** Bytes that training holds, by purpose; 4 a value, 4 an index. */
export interface TrainingBytes {
  /** Values of active and always-dense parameters. */
  readonly parameters: number;
  /** Indices of active weights; 0 without a mask. */
  readonly indices: number;
  readonly gradients: number;
  /** Momentum or Adam's two moments. */
  readonly optimizer: number;
  /** Running batch-norm statistics. */
  readonly moments: number;
  /** Outputs of all nodes, kept for the backward pass: {@link activationBytes}. */
  readonly activations: number;
  /** Gradients of activations that must live at once: {@link activationGradientBytes}. */
  readonly activationGradients: number;
  readonly total: number;
}

/** Training settings that affect memory. */
export interface TrainingMemoryOptions {
  readonly batchSize: number;
  /** Values that the optimiser keeps per parameter: 0 for plain SGD, 1 with momentum, 2 for Adam. */
  readonly optimizerSlots: number;
}

/**
 * Bytes of a textbook training step under a mask (null: dense training): every node's output is stored, nothing is
 * computed twice or shared. An accounting figure to compare densities and batches by; a trainer's own peak is its
 * footprint.
 * @throws EspalierError `invalid_graph`, `invalid_mask`, `invalid_argument`
 */
export function trainingBytes(
  graph: ModelGraph,
  mask: Mask | null,
  { batchSize, optimizerSlots }: TrainingMemoryOptions,
): TrainingBytes {
  const specs = parameterSpecs(graph);
  const values = specs.reduce((sum, spec) => sum + activeCount(spec, mask), 0);
  const parts = {
    parameters: 4 * values,
    indices: mask === null ? 0 : 4 * mask.activeCount,
    gradients: 4 * values,
    optimizer: 4 * values * optimizerSlots,
    moments: momentSpecs(graph).reduce((sum, { channels }) => sum + 8 * channels, 0),
    activations: activationBytes(graph, batchSize),
    activationGradients: activationGradientBytes(graph, batchSize),
  };
  return { ...parts, total: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0) };
}

/** Bytes of all nodes' outputs for a batch, the input's included; `flatten` shares its input's memory. */
export function activationBytes(graph: ModelGraph, batchSize: number): number {
  checkBatchSize(batchSize);
  const shapes = inferShapes(graph);
  const stored = graph.nodes.filter(({ op }) => op !== 'flatten');
  return stored.reduce((sum, { name }) => sum + 4 * batchSize * sizeOf(shapes.get(name) ?? [0]), 0);
}

/** Bytes of the gradients that one step of the backward pass needs at once: a node's output and its inputs. */
export function activationGradientBytes(graph: ModelGraph, batchSize: number): number {
  checkBatchSize(batchSize);
  const shapes = inferShapes(graph);
  const working = graph.nodes.map(({ name, inputs }) =>
    [name, ...inputs].reduce((sum, each) => sum + sizeOf(shapes.get(each) ?? [0]), 0),
  );
  return 4 * batchSize * Math.max(...working);
}

function checkBatchSize(batchSize: number): void {
  if (Number.isSafeInteger(batchSize) && batchSize >= 1) return;
  throw new EspalierError(
    'invalid_argument',
    `batchSize ${String(batchSize)} is not a whole number of at least 1`,
  );
}
