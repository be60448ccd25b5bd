import type { Batch, Normalization } from '../data/batches.js';
import { epochBatches } from '../data/batches.js';
import { proceduralDataset } from '../data/procedural/index.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { inputShape, sizeOf } from '../graph/shapes.js';
import { normalSource } from '../random/normal.js';
import { randomStream } from '../random/stream.js';

/** Number and kind of the images. */
export interface SyntheticOptions {
  readonly samples: number;
  readonly seed: number;
  readonly normalization: Normalization;
}

const CLASSES = 8;
/** Below this extent there is nothing to see in a painted image. */
const LEAST_EXTENT = 8;

/**
 * Made-up inputs: painted scenes, normalised as real images would be, for networks that take images of one or three
 * channels; normal noise for all others. The same options give the same images.
 */
export function syntheticImages(
  graph: ModelGraph,
  { samples, seed, normalization }: SyntheticOptions,
): Batch {
  const shape = inputShape(graph);
  const [height = 0, width = 0, channels = 0] = shape;
  const isImage = shape.length === 3 && Math.min(height, width) >= LEAST_EXTENT && [1, 3].includes(channels);
  if (!isImage) return noise(graph, samples, seed);
  const dataset = proceduralDataset({
    imageShape: [height, width, channels],
    numClasses: CLASSES,
    samplesPerClass: Math.ceil(samples / CLASSES),
    seed,
    split: 'train',
  });
  const [batch] = epochBatches(dataset, { batchSize: samples, normalization });
  // The painted figures are unrelated to the network's classes.
  return batch ? { ...batch, labels: new Uint16Array(batch.size) } : noise(graph, samples, seed);
}

/** Standard normal inputs, for comparing two forms of one network. */
export function noise(graph: ModelGraph, samples: number, seed: number): Batch {
  const normal = normalSource(randomStream({ seed, purpose: 'synthetic noise' }));
  const images = Float32Array.from({ length: samples * sizeOf(inputShape(graph)) }, normal);
  return { images, labels: new Uint16Array(samples), size: samples };
}
