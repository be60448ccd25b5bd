import { availableParallelism } from 'node:os';
import { EspalierError, type Dataset } from '@espalier/core';
import sharp from 'sharp';
import { imageChecker, imageDecoder } from './decode-image.js';
import { imageMemory } from './room.js';
import { cacheKey, readCache, writeCache, type CachedImages } from './image-cache.js';
import type { ImageEntry, SkippedFile } from './image-folder.js';

/** Images as a network takes them. */
export interface LoadOptions {
  /** Every image is resized to it, without keeping its proportions, and turned to 3 or 1 channels. */
  readonly imageShape: readonly [number, number, number];
  readonly classes: readonly string[];
  /** Folder that keeps decoded images for the next start; null or absent to keep none. */
  readonly cache?: string | null;
}

/** Images that could be decoded. */
export interface LoadedImages {
  /** In the entries' order, without the broken ones. */
  readonly dataset: Dataset;
  /** Paths of the files that are no images, or damaged. */
  readonly broken: readonly string[];
  /** The same with what is wrong with each. */
  readonly skipped: readonly SkippedFile[];
  /** 1 for every entry asked for that is in the data set, 0 for a broken one. */
  readonly sound: Uint8Array;
}

/** Images decoded at once. Many client processes share a machine, so each is modest. */
const CONCURRENCY = Math.min(4, availableParallelism());

/** Fewer images are decoded faster than the cache is looked up. */
const WORTH_KEEPING = 64;

/**
 * Decodes images, or takes them decoded from the cache. Damaged files are left out and named, never fatal.
 * @throws EspalierError `invalid_data` when there is nothing left.
 */
export async function loadImages(
  entries: readonly ImageEntry[],
  options: LoadOptions,
): Promise<LoadedImages> {
  const { imageShape, classes } = options;
  const { images, sound, skipped } = await decodedOrCached(entries, options);
  if (skipped.length === entries.length) throw nothingLeft(skipped);
  const labels = Uint16Array.from(
    entries.filter((_, position) => sound[position] === 1),
    ({ label }) => label,
  );
  return {
    dataset: { imageShape, classes, images, labels },
    broken: skipped.map(({ path }) => path),
    skipped,
    sound,
  };
}

async function decodedOrCached(
  entries: readonly ImageEntry[],
  { imageShape, cache = null }: LoadOptions,
): Promise<CachedImages> {
  if (cache === null || entries.length < WORTH_KEEPING) return decodeAll(entries, imageShape);
  const key = await cacheKey(entries, imageShape);
  const kept = await readCache(cache, key, entries.length);
  if (kept !== null) return kept;
  const decoded = await decodeAll(entries, imageShape);
  await writeCache(cache, key, decoded);
  return decoded;
}

async function decodeAll(
  entries: readonly ImageEntry[],
  imageShape: LoadOptions['imageShape'],
): Promise<CachedImages> {
  const stride = imageShape[0] * imageShape[1] * imageShape[2];
  // One thread an image is enough when several are decoded at once, and nothing is read twice.
  sharp.concurrency(1);
  sharp.cache(false);
  const decode = await imageDecoder(imageShape);
  const images = imageMemory(entries.length, imageShape);
  const sound = new Uint8Array(entries.length);
  const reasons = new Map<number, string>();
  await inParallel(entries, async ({ path }, position) => {
    const decoded = await decode(path);
    if ('reason' in decoded) {
      reasons.set(position, decoded.reason);
      return;
    }
    images.set(decoded.pixels, position * stride);
    sound[position] = 1;
  });
  return { images: closedUp(images, sound, stride), sound, skipped: withReasons(entries, reasons) };
}

/** Lists the files that cannot be decoded, in the entries' order; pixels are not kept. */
export async function brokenImages(entries: readonly ImageEntry[]): Promise<readonly SkippedFile[]> {
  const check = await imageChecker();
  const reasons = new Map<number, string>();
  await inParallel(entries, async ({ path }, position) => {
    const reason = await check(path);
    if (reason !== null) reasons.set(position, reason);
  });
  return withReasons(entries, reasons);
}

function withReasons(
  entries: readonly ImageEntry[],
  reasons: ReadonlyMap<number, string>,
): readonly SkippedFile[] {
  return entries.flatMap(({ path }, position) => {
    const reason = reasons.get(position);
    return reason === undefined ? [] : [{ path, reason }];
  });
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

/** The sound images moved together in place, so that memory stays what the decoded images take. */
function closedUp(images: Uint8Array, sound: Uint8Array, stride: number): Uint8Array {
  let kept = 0;
  for (const [position, whole] of sound.entries()) {
    if (whole === 0) continue;
    if (kept !== position) images.copyWithin(kept * stride, position * stride, (position + 1) * stride);
    kept++;
  }
  return images.subarray(0, kept * stride);
}

function nothingLeft(skipped: readonly SkippedFile[]): EspalierError {
  const examples = skipped
    .slice(0, 3)
    .map(({ path, reason }) => `${path}: ${reason}`)
    .join(', ');
  return new EspalierError(
    'invalid_data',
    `none of ${skipped.length} images could be decoded (${examples}…); expected JPEG or PNG files`,
    { broken: skipped.length },
  );
}
