/** Classifies images with the engine, off the main thread. */
import { fitImages } from '@espalier/client/data-formats';
import {
  epochBatches,
  inputShape,
  momentCount,
  parameterSpecs,
  toEspalierError,
  type Dataset,
} from '@espalier/core';
import { createSparseTrainer, type SparseTrainer } from '@espalier/engine';
import { readBundleStream, type ModelBundle } from '@espalier/proto';
import { ChunkQueue } from './chunk-queue.js';
import type { TriedModel, TryReport, TryRequest } from './try-messages.js';

let loaded: { readonly bundle: ModelBundle; readonly trainer: SparseTrainer } | null = null;
let queue: Promise<void> = Promise.resolve();

/** Queue of chunks for the model being read; null while none is. */
let arriving: ChunkQueue | null = null;

self.onmessage = ({ data }: MessageEvent<TryRequest>) => {
  if (data.kind === 'chunk') {
    arriving?.push(data.bytes);
    return;
  }
  if (data.kind === 'image') {
    queue = queue.then(() => classify(data.bitmap));
    return;
  }
  // A model that is still on its way when the next one is announced will not come any more.
  arriving?.push(null);
  const chunks = new ChunkQueue();
  arriving = chunks;
  queue = queue.then(() => take(chunks));
};

function tell(report: TryReport): void {
  self.postMessage(report);
}

async function take(chunks: ChunkQueue): Promise<void> {
  let arrived = 0;
  try {
    const bundle = await readBundleStream(chunks, {
      onProgress: (bytes) => {
        arrived = bytes;
        tell({ kind: 'arrived', bytes });
      },
    });
    const trainer = await createSparseTrainer();
    await trainer.load(bundle.graph, bundle.state, bundle.mask);
    loaded = { bundle, trainer };
    tell({ kind: 'model', model: describe(bundle, arrived) });
  } catch (error) {
    tell({
      kind: 'problem',
      sentence: `This model cannot be used here: ${toEspalierError(error).rawMessage}`,
    });
  }
}

function describe({ graph, mask, classes }: ModelBundle, bytes: number): TriedModel {
  const parameters = parameterSpecs(graph).reduce((sum, { size }) => sum + size, 0);
  return {
    name: graph.name,
    classes,
    imageShape: shapeOf(graph),
    density: mask.density,
    parameters,
    activeParameters: parameters - mask.size + mask.activeCount,
    bytes,
    denseBytes: 4 * (parameters + momentCount(graph)),
  };
}

function shapeOf(graph: ModelBundle['graph']): readonly [number, number, number] {
  const [height = 1, width = 1, channels = 1] = inputShape(graph);
  return [height, width, channels];
}

/** Passes of which the fastest counts; the first of all is not timed, for it plans. */
const PASSES = 10;

async function classify(bitmap: ImageBitmap): Promise<void> {
  if (!loaded) return;
  const { bundle, trainer } = loaded;
  const dataset = datasetOf(bitmap, bundle);
  const [batch] = epochBatches(dataset, { batchSize: 1, normalization: bundle.normalization });
  if (!batch) return;
  const logits = await trainer.predict(batch);
  let milliseconds = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < PASSES; pass++) {
    const started = performance.now();
    await trainer.predict(batch);
    milliseconds = Math.min(milliseconds, performance.now() - started);
  }
  tell({ kind: 'result', probabilities: softmax(logits), milliseconds, seen: visible(dataset) });
}

function datasetOf(bitmap: ImageBitmap, { graph, classes }: ModelBundle): Dataset {
  const imageShape = shapeOf(graph);
  const [height, width] = imageShape;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  const colour = new Uint8Array(width * height * 3);
  if (context) {
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    for (let pixel = 0; pixel < width * height; pixel++)
      colour.set(data.subarray(4 * pixel, 4 * pixel + 3), 3 * pixel);
  }
  bitmap.close();
  const images = fitImages(colour, [height, width, 3], imageShape);
  return { imageShape, classes, images, labels: Uint16Array.of(0) };
}

function visible({ imageShape: [height, width, channels], images }: Dataset): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      pixels[4 * pixel + channel] = images[pixel * channels + Math.min(channel, channels - 1)] ?? 0;
    }
  }
  return pixels;
}

function softmax(logits: Float32Array): readonly number[] {
  const most = Math.max(...logits);
  const powers = Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
