import type { Batch, Normalization } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import type { GraphNode, ModelGraph } from '../graph/model-graph.js';
import { maskableSpecs } from '../graph/parameters.js';
import { keptCount, topK } from '../mask/top-k.js';
import { Mask } from '../mask/mask.js';
import { initialState } from '../params/initialize.js';
import { randomStream } from '../random/stream.js';
import type { Trainer, TrainOptions } from '../trainer/trainer.js';

/** Settings by which the suite judges a trainer. */
export interface TrainerContractOptions {
  /** Largest error of a gradient, as a fraction of its layer's largest; 1e-4 suits float32. */
  readonly tolerance: number;
}

/** Makes a fresh trainer for one test. */
export type MakeTrainer = () => Promise<Trainer>;

/** Bytes as they are: normalisation undoes the division by 255. */
export const PLAIN_BYTES: Normalization = { mean: [0], std: [1 / 255] };

const CENTRED: Normalization = { mean: [0.5, 0.5], std: [0.25, 0.25] };

/** Plain descent, one epoch, batches of 4, centred images; each test changes the setting that it tests. */
export const trainOptions: TrainOptions = {
  epochs: 1,
  batchSize: 4,
  learningRate: 0.1,
  optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
  normalization: CENTRED,
  augmentation: null,
  momentMode: { kind: 'pooled' },
  proximal: 0,
  stream: { seed: 5, purpose: 'trainer contract' },
  topGradients: [],
};

/** Ways of reading for evaluation that go with {@link trainOptions}. */
export const evaluateOptions = { batchSize: 4, normalization: CENTRED };

/** Two classes of 4×4 images with two channels: the second class is brighter in the first channel's upper half. */
export function twoClasses(samples: number): Dataset {
  const stream = randomStream({ seed: 11, purpose: 'two classes' });
  const images = Uint8Array.from({ length: samples * 32 }, (_, i) => {
    const bright = Math.floor(i / 32) % 2 === 1 && i % 2 === 0 && i % 32 < 16;
    return stream.below(100) + (bright ? 150 : 30);
  });
  const labels = Uint16Array.from({ length: samples }, (_, i) => i % 2);
  return { imageShape: [4, 4, 2], classes: ['dark', 'bright'], images, labels };
}

/** Every op once, on 4×4×2 images, with two maskable layers. */
export const smallNetwork: ModelGraph = {
  name: 'small',
  nodes: [
    { op: 'input', name: 'image', inputs: [], shape: [4, 4, 2] },
    conv('stem', 'image', { filters: 3, padding: 'same' }),
    { op: 'batchNorm', name: 'bn', inputs: ['stem'], epsilon: 1e-3, initialGamma: 1 },
    { op: 'relu', name: 'relu', inputs: ['bn'] },
    conv('branch', 'relu', { filters: 3, padding: 'same' }),
    { op: 'batchNorm', name: 'branch.bn', inputs: ['branch'], epsilon: 1e-3, initialGamma: 1 },
    { op: 'add', name: 'sum', inputs: ['relu', 'branch.bn'] },
    { op: 'maxPool', name: 'pool', inputs: ['sum'], poolSize: [2, 2], strides: [2, 2], padding: 'valid' },
    { op: 'flatten', name: 'flat', inputs: ['pool'] },
    { op: 'dense', name: 'hidden', inputs: ['flat'], units: 4, useBias: true },
    { op: 'relu', name: 'hidden.relu', inputs: ['hidden'] },
    { op: 'dense', name: 'fc', inputs: ['hidden.relu'], units: 2, useBias: true },
  ],
  output: 'fc',
  blocks: [],
};

/** A 3×3 convolution without bias. */
export function conv(
  name: string,
  input: string,
  { filters, ...rest }: Pick<Extract<GraphNode, { op: 'conv2d' }>, 'filters' | 'padding'>,
): Extract<GraphNode, { op: 'conv2d' }> {
  const fixed = { kernelSize: [3, 3], strides: [1, 1], groups: 1, useBias: false } as const;
  return { op: 'conv2d', name, inputs: [input], filters, ...fixed, ...rest };
}

/** Keeps that share of every maskable layer: its largest weights at seed `seed`. */
export function maskAt(graph: ModelGraph, density: number, seed = 1): Mask {
  const { params } = initialState(graph, seed);
  return new Mask(
    maskableSpecs(graph).map(({ name, size }) => ({
      name,
      size,
      active: topK(params.get(name)!.map(Math.abs), keptCount(density, size)),
    })),
  );
}

/** A batch of the network's input with labels in turn, out of a data set, as trainers see it in evaluation. */
export function batchOf(dataset: Dataset, { mean, std }: Normalization): Batch {
  const channels = dataset.imageShape[2];
  const images = Float32Array.from(
    dataset.images,
    (byte, i) => (byte / 255 - mean[i % channels]!) / std[i % channels]!,
  );
  return { images, labels: dataset.labels, size: dataset.labels.length };
}

/** The largest magnitude, at least a hair above 0. */
export function largest(values: ArrayLike<number>): number {
  return Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
}

/** The largest difference between two arrays of one length. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
