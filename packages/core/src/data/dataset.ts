import { EspalierError } from '../errors.js';

/**
 * Labelled images in memory, eight bits a channel. Images are `[height, width, channels]`, row-major, one after
 * another. Plain data: it crosses worker boundaries as it is.
 */
export interface Dataset {
  readonly imageShape: readonly [number, number, number];
  /** Class names; a label is an index into them. */
  readonly classes: readonly string[];
  /** `labels.length × height × width × channels` bytes. */
  readonly images: Uint8Array;
  readonly labels: Uint16Array;
}

/** Number of samples. */
export function datasetSize(dataset: Dataset): number {
  return dataset.labels.length;
}

/** Bytes of one image. */
export function imageBytes(dataset: Dataset): number {
  const [height, width, channels] = dataset.imageShape;
  return height * width * channels;
}

/** The samples at those positions, in that order, copied. */
export function subset(dataset: Dataset, positions: ArrayLike<number>): Dataset {
  const stride = imageBytes(dataset);
  const images = new Uint8Array(positions.length * stride);
  const labels = new Uint16Array(positions.length);
  for (let i = 0; i < positions.length; i++) {
    const at = positions[i] as number;
    images.set(dataset.images.subarray(at * stride, (at + 1) * stride), i * stride);
    labels[i] = dataset.labels[at] as number;
  }
  return { ...dataset, images, labels };
}

/** @throws EspalierError `invalid_data` when lengths disagree or a label is out of range. */
export function checkDataset(dataset: Dataset): void {
  const expected = datasetSize(dataset) * imageBytes(dataset);
  if (dataset.images.length !== expected) {
    throw new EspalierError(
      'invalid_data',
      `${String(dataset.images.length)} image bytes for ${String(datasetSize(dataset))} labels; expected ${String(expected)}`,
    );
  }
  const stray = dataset.labels.find((label) => label >= dataset.classes.length);
  if (stray !== undefined) {
    throw new EspalierError(
      'invalid_data',
      `label ${String(stray)} is not one of ${String(dataset.classes.length)} classes`,
    );
  }
}
