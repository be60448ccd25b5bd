import { createGunzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { IDX_HEAD, idxLength } from '@espalier/client/data-formats';
import { EspalierError, isEspalierError } from '@espalier/core';

/** Bytes that a set may have: 16 times the whole of MNIST. */
const LARGEST = 2 ** 30;

/** Bytes that are unzipped at a time. */
const SLICE = 64 * 1024;

/** Largest expansion of a byte by deflate (RFC 1951: 258 bytes out of two bits). */
const LARGEST_RATIO = 1032;

/**
 * An IDX file out of its gzip. Its own header says how long it is, so memory for exactly that is taken, and nothing
 * beyond it is unzipped.
 * @param name of the file, for messages
 * @throws EspalierError `invalid_data` when it is no gzip, no IDX file, longer or shorter than its header says, or above
 * 1 GiB.
 */
export async function unzippedIdx(zipped: Uint8Array, name: string): Promise<Uint8Array> {
  const head: Uint8Array[] = [];
  let bytes: Uint8Array | null = null;
  let length = 0;
  try {
    for await (const chunk of Readable.from(slices(zipped)).pipe(createGunzip({ chunkSize: SLICE }))) {
      const part = chunk as Buffer;
      if (bytes === null) head.push(part);
      bytes ??= memoryFor(Buffer.concat(head), zipped.length, name);
      if (bytes === null) continue;
      const from = length === 0 ? Buffer.concat(head) : part;
      if (length + from.length > bytes.length) throw wrong(name, 'holds more than its header says');
      bytes.set(from, length);
      length += from.length;
    }
  } catch (error) {
    if (isEspalierError(error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw wrong(name, `cannot be unzipped (${why}); it was cut short or changed: fetch it again`);
  }
  if (bytes === null || length < bytes.length) throw wrong(name, 'is cut short: fetch it again');
  return bytes;
}

/** Null while the header is not whole. */
function memoryFor(head: Uint8Array, zippedLength: number, name: string): Uint8Array | null {
  const length = idxLength(head.subarray(0, IDX_HEAD), name);
  if (length === null) return null;
  const most = Math.min(LARGEST, zippedLength * LARGEST_RATIO);
  if (length <= most) return new Uint8Array(length);
  throw wrong(
    name,
    `cannot be unzipped (its header says ${length} bytes, its ${zippedLength} zipped ones hold ${most} at most); it was cut short or changed: fetch it again`,
  );
}

function* slices(bytes: Uint8Array): Generator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += SLICE) yield bytes.subarray(at, at + SLICE);
}

function wrong(name: string, what: string): EspalierError {
  return new EspalierError('invalid_data', `${name} ${what}`, { file: name });
}
