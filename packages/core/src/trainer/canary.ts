import type { ModelGraph } from '../graph/model-graph.js';
import type { Dataset } from '../data/dataset.js';
import { type Normalization, epochBatches } from '../data/batches.js';
import { proceduralDataset } from '../data/procedural/index.js';
import { EspalierError } from '../errors.js';
import { parameterSpecs } from '../graph/parameters.js';
import { buildModel } from '../graph/zoo/index.js';
import { denseMask } from '../mask/mask.js';
import { initialState } from '../params/initialize.js';
import { identityMoments } from '../params/model-state.js';
import { packActive, unpackActive } from '../params/pack.js';
import type { Trainer } from './trainer.js';

/** A small network and batch on which every backend must compute the same gradients. */
export interface Canary {
  readonly graph: ModelGraph;
  /** Every parameter, whole, in canonical order. */
  readonly values: Float32Array;
  readonly batch: Dataset;
  readonly normalization: Normalization;
}

/** Largest relative error (L2, per parameter) a backend may have on the canary; half-precision GPUs stay below it. */
const TOLERANCE = 0.02;

/**
 * A small convolution net and batch; the same for every job, so that a faulty backend can be distinguished
 * from a difficult job. It is drawn once: all callers share the instance and must not change it.
 */
export function makeCanary(): Canary {
  made ??= drawCanary();
  return made;
}

let made: Canary | null = null;

function drawCanary(): Canary {
  const seed = 7;
  const graph = buildModel({ name: 'cnn-small', width: 4 }, [8, 8, 3], 4);
  const batch = proceduralDataset({
    numClasses: 4,
    imageShape: [8, 8, 3],
    samplesPerClass: 2,
    seed,
    split: 'train',
  });
  const { params } = initialState(graph, seed);
  return {
    graph,
    values: packActive(graph, denseMask(graph), params),
    batch,
    normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  };
}

/** A trusted trainer's gradients on the canary, packed whole in canonical order. */
export async function referenceGradients(trainer: Trainer, canary: Canary): Promise<Float32Array> {
  const { graph, values, batch: dataset, normalization } = canary;
  const [batch] = epochBatches(dataset, { batchSize: dataset.labels.length, normalization });
  if (!batch) throw new EspalierError('internal', 'the canary has no samples');
  const dense = denseMask(graph);
  await trainer.load(
    graph,
    { params: unpackActive(graph, dense, values), moments: identityMoments(graph) },
    null,
  );
  const { gradients } = await trainer.gradients(batch);
  return packActive(graph, dense, gradients);
}

/**
 * Null when the gradients agree with the reference, otherwise a sentence naming the parameter where they do
 * not.
 */
export function canaryProblem(
  canary: Canary,
  reference: Float32Array,
  gradients: Float32Array,
): string | null {
  if (gradients.length !== reference.length) {
    return `the backend sent ${gradients.length} gradients of the test network, expected ${reference.length}`;
  }
  let offset = 0;
  for (const { name, size } of parameterSpecs(canary.graph)) {
    const error = relativeError(
      gradients.subarray(offset, offset + size),
      reference.subarray(offset, offset + size),
    );
    if (!(error <= TOLERANCE)) {
      const percent = (100 * error).toFixed(1);
      return `this backend computes the gradient of ${name} of a small test network ${percent} % wrong (allowed are ${100 * TOLERANCE} %): choose another backend`;
    }
    offset += size;
  }
  return null;
}

function relativeError(values: Float32Array, reference: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (const [i, expected] of reference.entries()) {
    difference += ((values[i] ?? 0) - expected) ** 2;
    norm += expected ** 2;
  }
  // A parameter whose gradient vanishes (a bias under batch norm, say) has no relative error; rounding is allowed.
  return Math.sqrt(difference / Math.max(norm, 1e-8));
}
