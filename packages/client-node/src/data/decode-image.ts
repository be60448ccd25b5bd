import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { codeOf } from './image-folder.js';
import { plainJpegSize } from './jpeg-header.js';
import { turboDecoder, type TurboDecoder } from './turbo-decoder.js';

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
    if (plainJpegSize(bytes) !== null && turbo(bytes) !== null) return null;
    const decoded = await careful(bytes, [1, 1, 3]);
    return 'reason' in decoded ? decoded.reason : null;
  };
}

async function bytesOf(path: string): Promise<Uint8Array | { readonly reason: string }> {
  const bytes = await readFile(path).catch((error: unknown) => codeOf(error));
  if (typeof bytes === 'string') return { reason: `cannot be read (${bytes})` };
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

async function careful(
  bytes: Uint8Array,
  [height, width, channels]: readonly [number, number, number],
): Promise<DecodedImage> {
  try {
    const pixels = await sharp(bytes, { failOn: 'error' })
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
