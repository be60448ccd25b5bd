import { EspalierError } from '../errors.js';
import { randomStream, shuffled, type RandomStream, type StreamKey } from '../random/stream.js';
import { datasetSize, imageBytes, type Dataset } from './dataset.js';

/** Per-channel `(value / 255 − mean) / std`. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Random changes to training images; zero and false switch each off. */
export interface Augmentation {
  /** Pixels of zero padding before a random crop back to the image's size; 0 for none. */
  readonly cropPadding: number;
  /** Mirror left–right with probability one half. */
  readonly flip: boolean;
}

/** A batch as the network takes it. Its arrays are its own for one turn of {@link epochBatches}. */
export interface Batch {
  /** Normalised values, `[size, h, w, c]`. */
  readonly images: Float32Array;
  readonly labels: Uint16Array;
  readonly size: number;
}

/** Division of an epoch into batches. */
export interface BatchOptions {
  readonly batchSize: number;
  readonly normalization: Normalization;
  /** Shuffles, and augments when `augmentation` is given; without it the data set's own order is kept. */
  readonly shuffle?: { readonly key: StreamKey; readonly augmentation: Augmentation | null };
}

/**
 * One pass over the data set; the last batch may be short. The same key gives the same batches everywhere.
 * Batches are made on demand, each in the arrays of the previous one: copy anything that must outlive its
 * turn.
 * @throws EspalierError `invalid_argument` when the batch size is not a whole number of at least 1.
 */
export function* epochBatches(dataset: Dataset, options: BatchOptions): Generator<Batch, void> {
  const { batchSize, shuffle } = options;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new EspalierError(
      'invalid_argument',
      `batchSize ${String(batchSize)} is not a whole number of at least 1`,
    );
  }
  const stream = shuffle && randomStream(shuffle.key);
  const positions = Array.from({ length: datasetSize(dataset) }, (_, i) => i);
  const order = stream ? shuffled(positions, stream) : positions;
  const maker = new BatchMaker(dataset, options, stream);
  for (let start = 0; start < order.length; start += batchSize) {
    yield maker.make(order.slice(start, start + batchSize));
  }
}

/** Number of batches of one pass. */
export function batchesPerEpoch(dataset: Dataset, batchSize: number): number {
  return Math.ceil(datasetSize(dataset) / batchSize);
}

/** Fills the same arrays every time: new ones for each batch would burden the garbage collector. */
class BatchMaker {
  readonly #dataset: Dataset;
  readonly #augmentation: Augmentation | null;
  readonly #stream: RandomStream | undefined;
  readonly #table: Float32Array;
  readonly #images: Float32Array;
  readonly #labels: Uint16Array;

  constructor(dataset: Dataset, options: BatchOptions, stream: RandomStream | undefined) {
    const most = Math.min(options.batchSize, datasetSize(dataset));
    this.#dataset = dataset;
    this.#augmentation = options.shuffle?.augmentation ?? null;
    this.#stream = stream;
    this.#table = normalizationTable(options.normalization, dataset.imageShape[2]);
    this.#images = new Float32Array(most * imageBytes(dataset));
    this.#labels = new Uint16Array(most);
  }

  make(positions: readonly number[]): Batch {
    const { images: bytes, imageShape: shape, labels: given } = this.#dataset;
    const stride = imageBytes(this.#dataset);
    const images = this.#images.subarray(0, positions.length * stride).fill(0);
    const labels = this.#labels.subarray(0, positions.length);
    for (const [slot, position] of positions.entries()) {
      const source = bytes.subarray(position * stride, (position + 1) * stride);
      const target = images.subarray(slot * stride, (slot + 1) * stride);
      const view = drawView(this.#augmentation, this.#stream);
      copyImage({ source, target, shape, table: this.#table, view });
      labels[slot] = given[position] ?? 0;
    }
    return { images, labels, size: positions.length };
  }
}

/** The shift (in pixels) and mirroring of one augmented image. */
interface View {
  readonly dy: number;
  readonly dx: number;
  readonly mirrored: boolean;
}

const STRAIGHT: View = { dy: 0, dx: 0, mirrored: false };

function drawView(augmentation: Augmentation | null, stream: RandomStream | undefined): View {
  if (!augmentation || !stream) return STRAIGHT;
  const { cropPadding, flip } = augmentation;
  const shift = (): number => (cropPadding === 0 ? 0 : stream.below(2 * cropPadding + 1) - cropPadding);
  return { dy: shift(), dx: shift(), mirrored: flip && stream.below(2) === 1 };
}

/** 256 normalised values per channel: `table[channel * 256 + byte]`. */
function normalizationTable({ mean, std }: Normalization, channels: number): Float32Array {
  const table = new Float32Array(channels * 256);
  for (let i = 0; i < table.length; i++) {
    const channel = i >> 8;
    table[i] = ((i & 255) / 255 - (mean[channel] ?? 0)) / (std[channel] ?? 1);
  }
  return table;
}

interface ImageCopy {
  readonly source: Uint8Array;
  readonly target: Float32Array;
  readonly shape: readonly [number, number, number];
  readonly table: Float32Array;
  readonly view: View;
}

/** Pixels shifted in from outside stay 0 after normalisation, as when a normalised image is padded. */
function copyImage({ source, target, shape, table, view }: ImageCopy): void {
  const [height, width, channels] = shape;
  for (let y = 0; y < height; y++) {
    const fromY = y + view.dy;
    if (fromY < 0 || fromY >= height) continue;
    for (let x = 0; x < width; x++) {
      const fromX = (view.mirrored ? width - 1 - x : x) + view.dx;
      if (fromX < 0 || fromX >= width) continue;
      const from = (fromY * width + fromX) * channels;
      const to = (y * width + x) * channels;
      for (let c = 0; c < channels; c++) target[to + c] = table[c * 256 + source[from + c]!]!;
    }
  }
}
