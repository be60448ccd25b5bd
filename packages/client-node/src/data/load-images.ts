import { availableParallelism } from 'node:os';
import { EspalierError, subset, type Dataset } from '@espalier/core';
import sharp from 'sharp';
import type { ImageEntry } from './image-folder.js';

/** Images as a network takes them. */
export interface LoadOptions {
  /** Every image is resized to it, without keeping its proportions, and turned to 3 or 1 channels. */
  readonly imageShape: readonly [number, number, number];
  readonly classes: readonly string[];
}

/** What could be decoded. */
export interface LoadedImages {
  /** In the entries' order, without the broken ones. */
  readonly dataset: Dataset;
  /** Paths of the files that are no images, or damaged. */
  readonly broken: readonly string[];
}

/** Images decoded at once. Many client processes share a machine, so each is modest. */
const CONCURRENCY = Math.min(4, availableParallelism());

/**
 * Decodes images. Damaged files are left out and named, never fatal.
 * @throws EspalierError `invalid_data` when there is nothing left.
 */
export async function loadImages(
  entries: readonly ImageEntry[],
  options: LoadOptions,
): Promise<LoadedImages> {
  const { imageShape, classes } = options;
  const stride = imageShape[0] * imageShape[1] * imageShape[2];
  // One thread an image is enough when several are decoded at once, and nothing is read twice.
  sharp.concurrency(1);
  sharp.cache(false);
  const images = new Uint8Array(entries.length * stride);
  const sound = new Uint8Array(entries.length);
  await inParallel(entries, async ({ path }, position) => {
    const pixels = await decode(path, imageShape);
    if (pixels?.length !== stride) return;
    images.set(pixels, position * stride);
    sound[position] = 1;
  });
  const broken = entries.filter((_, position) => sound[position] === 0).map(({ path }) => path);
  if (broken.length === entries.length) throw nothingLeft(broken);
  const labels = Uint16Array.from(entries, ({ label }) => label);
  return { dataset: withoutBroken({ imageShape, classes, images, labels }, sound), broken };
}

/** Runs the work over all items, a few at a time. */
async function inParallel<T>(
  items: readonly T[],
  work: (item: T, position: number) => Promise<void>,
): Promise<void> {
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [position, item] of queue) await work(item, position);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

/** The pixels of an image, rows of interleaved channels; null for a file that cannot be decoded whole. */
async function decode(
  path: string,
  [height, width, channels]: readonly [number, number, number],
): Promise<Uint8Array | null> {
  const image = sharp(path, { failOn: 'error' })
    .autoOrient()
    .flatten()
    .resize(width, height, { fit: 'fill' })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' });
  return image.toBuffer().catch(() => null);
}

function withoutBroken(dataset: Dataset, sound: Uint8Array): Dataset {
  if (!sound.includes(0)) return dataset;
  return subset(
    dataset,
    [...sound.keys()].filter((position) => sound[position] === 1),
  );
}

function nothingLeft(broken: readonly string[]): EspalierError {
  const examples = broken.slice(0, 3).join(', ');
  return new EspalierError(
    'invalid_data',
    `none of ${broken.length} images could be decoded (${examples}…); expected JPEG or PNG files`,
    { broken: broken.length },
  );
}
