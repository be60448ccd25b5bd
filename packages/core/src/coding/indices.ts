import { EspalierError } from '../errors.js';
import { bestRice, decodeRice, encodeRice, MAX_RICE_BITS } from './rice.js';

/** Codings of a set of indices; their order breaks ties, so that equal input gives equal bytes everywhere. */
export const INDEX_CODINGS = ['dense', 'bitmap', 'rice'] as const;

/**
 * `dense`: every index, no bytes. `bitmap`: one bit per index, bit `i & 7` (from the lowest) of byte `i >> 3`.
 * `rice`: gaps, see `rice.ts`. Unused bits of the last byte are zero.
 */
export type IndexCoding = (typeof INDEX_CODINGS)[number];

/** A coded set of indices below a size that the receiver knows. */
export interface EncodedIndices {
  readonly coding: IndexCoding;
  /** Low bits of the Rice code, 0–31; 0 for the other codings. */
  readonly riceBits: number;
  /** Number of indices. */
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** Codes strictly ascending indices below `size` in the smallest of the codings. */
export function encodeIndices(active: Uint32Array, size: number): EncodedIndices {
  const count = active.length;
  if (count === size) return { coding: 'dense', riceBits: 0, count, bytes: new Uint8Array(0) };
  const { riceBits, length } = bestRice(active, size);
  if (Math.ceil(size / 8) <= Math.ceil(length / 8)) {
    return { coding: 'bitmap', riceBits: 0, count, bytes: encodeBitmap(active, size) };
  }
  return { coding: 'rice', riceBits, count, bytes: encodeRice(active, riceBits, length) };
}

/**
 * The coded indices, strictly ascending and below `size`. Total: any input gives either the indices or an
 * `EspalierError` `malformed_message`; work and memory are bounded by `size` and the bytes.
 */
export function decodeIndices(encoded: EncodedIndices, size: number): Uint32Array {
  const problem = headerProblem(encoded, size);
  if (problem !== undefined) throw malformed(encoded, size, problem);
  const active = decodeBody(encoded, size);
  if (typeof active === 'string') throw malformed(encoded, size, `its bytes ${active}`);
  return active;
}

function headerProblem({ coding, riceBits, count, bytes }: EncodedIndices, size: number): string | undefined {
  if (!INDEX_CODINGS.includes(coding)) return 'the coding is unknown';
  if (!Number.isSafeInteger(size) || size < 0) return 'the size is not a whole number of at least 0';
  if (!Number.isSafeInteger(count) || count < 0 || count > size) return 'the count is not within the size';
  const maxRiceBits = coding === 'rice' ? MAX_RICE_BITS : 0;
  if (!Number.isSafeInteger(riceBits) || riceBits < 0 || riceBits > maxRiceBits) {
    return `${riceBits} low bits are not within 0 to ${maxRiceBits}`;
  }
  // Checked before anything of that length is allocated: each index takes at least its low bits and a stop bit.
  if (coding === 'rice' && count * (1 + riceBits) > bytes.length * 8) return 'the bytes are too few';
  return undefined;
}

function decodeBody({ coding, riceBits, count, bytes }: EncodedIndices, size: number): Uint32Array | string {
  switch (coding) {
    case 'dense':
      if (count !== size || bytes.length > 0) return 'are not those of every index';
      return Uint32Array.from({ length: size }, (_, i) => i);
    case 'rice':
      return decodeRice(bytes, riceBits, count, size);
    case 'bitmap':
      return decodeBitmap(bytes, count, size);
  }
}

function encodeBitmap(active: Uint32Array, size: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(size / 8));
  for (const index of active) bytes[index >>> 3]! |= 1 << (index & 7);
  return bytes;
}

function decodeBitmap(bytes: Uint8Array, count: number, size: number): Uint32Array | string {
  if (bytes.length !== Math.ceil(size / 8)) return `are ${bytes.length}, not ${Math.ceil(size / 8)}`;
  const active = new Uint32Array(count);
  let found = 0;
  for (const [slot, byte] of bytes.entries()) {
    for (let bit = 0; byte >>> bit > 0; bit++) {
      if (((byte >>> bit) & 1) === 0) continue;
      const index = slot * 8 + bit;
      if (index >= size) return 'are padded with ones';
      if (found === count) return `hold more than ${count} indices`;
      active[found++] = index;
    }
  }
  return found === count ? active : `hold ${found} indices, not ${count}`;
}

function malformed({ coding, count }: EncodedIndices, size: number, problem: string): EspalierError {
  return new EspalierError(
    'malformed_message',
    `indices (${coding}, ${count} of ${size}) cannot be read: ${problem}`,
    { coding, count, size },
  );
}
