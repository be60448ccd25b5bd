import { EspalierError } from '@espalier/core';
import { decodeBundle, type ModelBundle } from './bundle.js';
import { checkHead } from './envelope.js';

/** Settings for reading a bundle as it arrives. */
export interface BundleStreamOptions {
  /** Told the bytes that are there after every chunk. */
  readonly onProgress?: (bytes: number) => void;
  /** Most bytes accepted; default 1 GiB. */
  readonly maxBytes?: number;
}

/**
 * Reads a bundle from chunks as they arrive: a file's stream, or a fetch's `response.body`. Data that is not
 * a bundle, or is too large, is rejected after its first bytes and not read further.
 * @throws EspalierError `frame_too_large`, and as `decodeBundle`.
 */
export async function readBundleStream(
  chunks: AsyncIterable<Uint8Array>,
  { onProgress, maxBytes = 2 ** 30 }: BundleStreamOptions = {},
): Promise<ModelBundle> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    length += chunk.length;
    if (length > maxBytes) {
      throw new EspalierError('frame_too_large', `the model bundle has more than ${maxBytes} bytes`, {
        maxBytes,
      });
    }
    if (length - chunk.length < HEAD && length > 0) checkHead(joined(parts, Math.min(length, HEAD)));
    onProgress?.(length);
  }
  return decodeBundle(joined(parts, length));
}

/** Bytes that show whether this is a readable bundle. */
const HEAD = 12;

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part.subarray(0, length - at), at);
    at += Math.min(part.length, length - at);
  }
  return whole;
}
