import { toEspalierError } from '@espalier/core';
import { readBounded } from '@espalier/disk';
import sharp from 'sharp';
import { plainJpegSize } from './jpeg-header.js';
import { turboDecoder, type TurboDecoder } from './turbo-decoder.js';

/** Bytes of an image file; a camera's largest are a quarter of it. */
const LARGEST_FILE = 256 * 2 ** 20;

/** Pixels of an image that is decoded row by row, and of one that must be held whole; a few bytes can claim any size. */
const MOST_PIXELS = { byRows: 2 ** 28, whole: 2 ** 26 };

/** Pixels of the largest image that libjpeg-turbo alone is asked about. */
const FAST_PIXELS = 2 ** 24;

/** The pixels of an image, or why it has none. */
export type DecodedImage = { readonly pixels: Uint8Array } | { readonly reason: string };

/** Decodes an image file to that shape. */
export type ImageDecoder = (path: string) => Promise<DecodedImage>;

/**
 * A decoder of image files. JPEGs that have the wanted size already go through libjpeg-turbo alone, which costs a third
 * of sharp's fixed work an image; everything else, and whatever libjpeg-turbo finds fault with, through sharp. sharp
 * holds the same library, so both give the same pixels.
 * @param shape height, width and channels; images are resized without keeping their proportions
 */
export async function imageDecoder(shape: readonly [number, number, number]): Promise<ImageDecoder> {
  const turbo = await turboDecoder();
  return async (path) => {
    const bytes = await bytesOf(path);
    return 'reason' in bytes ? bytes : (fast(bytes, shape, turbo) ?? (await careful(bytes, shape)));
  };
}

/** Says what keeps an image file from being decoded, whatever its size; null where nothing does. */
export async function imageChecker(): Promise<(path: string) => Promise<string | null>> {
  const turbo = await turboDecoder();
  return async (path) => {
    const bytes = await bytesOf(path);
    if ('reason' in bytes) return bytes.reason;
    const size = plainJpegSize(bytes);
    // libjpeg-turbo's memory never shrinks again: large images go the other way.
    if (size !== null && size.width * size.height <= FAST_PIXELS && turbo(bytes) !== null) return null;
    const decoded = await careful(bytes, [1, 1, 3]);
    return 'reason' in decoded ? decoded.reason : null;
  };
}

async function bytesOf(path: string): Promise<Uint8Array | { readonly reason: string }> {
  const bytes = await readBounded(path, LARGEST_FILE).catch((error: unknown) => toEspalierError(error));
  if (bytes instanceof Error) {
    const { code, facts } = bytes;
    if (code === 'invalid_data') return { reason: 'is no regular file, or far too large for an image' };
    return { reason: `cannot be read (${String(facts['system'] ?? 'unknown')})` };
  }
  return bytes.length === 0 ? { reason: 'is empty (0 bytes)' } : bytes;
}

function fast(
  bytes: Uint8Array,
  [height, width, channels]: readonly [number, number, number],
  turbo: TurboDecoder,
): DecodedImage | null {
  const size = plainJpegSize(bytes);
  if (size?.height !== height || size.width !== width || size.channels !== channels) return null;
  const pixels = turbo(bytes);
  return pixels?.length === height * width * channels ? { pixels } : null;
}

async function careful(bytes: Uint8Array, shape: readonly [number, number, number]): Promise<DecodedImage> {
  const decoded = await decodedWithin(bytes, shape, MOST_PIXELS.whole);
  if (!('reason' in decoded) || !decoded.reason.includes('pixel limit')) return decoded;
  // Interlaced and progressive images have no first row until their last byte.
  const { isProgressive } = await sharp(bytes, { limitInputPixels: false }).metadata();
  if (!isProgressive) return decodedWithin(bytes, shape, MOST_PIXELS.byRows);
  return {
    reason: `has more than ${MOST_PIXELS.whole} pixels and is interlaced or progressive; save it without`,
  };
}

async function decodedWithin(
  bytes: Uint8Array,
  [height, width, channels]: readonly [number, number, number],
  limitInputPixels: number,
): Promise<DecodedImage> {
  try {
    const pixels = await sharp(bytes, { failOn: 'error', limitInputPixels })
      .autoOrient()
      .flatten()
      .resize(width, height, { fit: 'fill' })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer();
    if (pixels.length === height * width * channels) return { pixels };
    return { reason: 'has channels that cannot be turned to colour or grey' };
  } catch (error) {
    return { reason: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  }
}
