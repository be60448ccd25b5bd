/**
 * Golomb–Rice coding of index gaps, as sparse ternary compression uses it (Sattler et al. 2019, eq. 15 ff.):
 * a gap g = index − previous index − 1 is g >> b in unary, then the b low bits of g.
 */
import { BitReader, BitWriter } from './bits.js';

/** Low bits are at most this many, so that they fit a 32-bit shift. */
export const MAX_RICE_BITS = 31;

/**
 * b* = 1 + ⌊log₂(ln(φ−1) / ln(1−p))⌋, at least 0, where p = count / size and φ is the golden ratio: the low bits that
 * suit indices drawn independently. Computed as the number of squarings that keep 1−p at or above φ−1, which is the
 * same and needs no logarithm.
 */
export function riceParameter(count: number, size: number): number {
  return squaringsAboveGolden(count, size).bits;
}

/**
 * Bits that Rice coding of `count` of `size` indices is expected to take: count · (b* + 1 / (1 − (1−p)^(2^b*))).
 * The yardstick for measured coding costs.
 */
export function riceFormulaBits(count: number, size: number): number {
  if (count === 0) return 0;
  const { bits, power } = squaringsAboveGolden(count, size);
  return count * (bits + 1 / (1 - power));
}

const GOLDEN_LESS_ONE = (Math.sqrt(5) - 1) / 2;

/** The largest b ≤ 31 with (1−p)^(2^(b−1)) ≥ φ−1, and the power (1−p)^(2^b). */
function squaringsAboveGolden(count: number, size: number): { bits: number; power: number } {
  let bits = 0;
  let power = 1 - count / size;
  while (power >= GOLDEN_LESS_ONE && bits < MAX_RICE_BITS) {
    power *= power;
    bits++;
  }
  return { bits, power };
}

/** Exact length in bits of the indices coded with `riceBits` low bits. */
export function riceLength(active: Uint32Array, riceBits: number): number {
  let length = active.length * (1 + riceBits);
  let previous = -1;
  for (const index of active) {
    length += (index - previous - 1) >>> riceBits;
    previous = index;
  }
  return length;
}

/** The cheapest number of low bits and its length: walks from b* to both sides while that helps. */
export function bestRice(active: Uint32Array, size: number): { riceBits: number; length: number } {
  const start = active.length === 0 ? 0 : riceParameter(active.length, size);
  let best = { riceBits: start, length: riceLength(active, start) };
  for (const step of [-1, 1]) {
    for (let riceBits = start + step; riceBits >= 0 && riceBits <= MAX_RICE_BITS; riceBits += step) {
      const length = riceLength(active, riceBits);
      if (length >= best.length) break;
      best = { riceBits, length };
    }
  }
  return best;
}

/** The coded gaps; `length` must be the exact one. */
export function encodeRice(active: Uint32Array, riceBits: number, length: number): Uint8Array {
  const writer = new BitWriter(length);
  let previous = -1;
  for (const index of active) {
    const gap = index - previous - 1;
    writer.unary(gap >>> riceBits);
    writer.low(gap, riceBits);
    previous = index;
  }
  return writer.bytes;
}

/**
 * The coded indices, or a phrase saying what is wrong. Work is bounded by the bytes, memory by `count`, which the
 * caller has checked against the bytes.
 */
export function decodeRice(
  bytes: Uint8Array,
  riceBits: number,
  count: number,
  size: number,
): Uint32Array | string {
  const reader = new BitReader(bytes);
  const active = new Uint32Array(count);
  const step = 2 ** riceBits;
  let previous = -1;
  for (let i = 0; i < count; i++) {
    const quotient = reader.unary(Math.floor(size / step));
    const low = reader.low(riceBits);
    if (quotient === undefined || low === undefined) return `end within index ${i}`;
    const index = previous + 1 + quotient * step + low;
    if (index >= size) return `hold index ${index}`;
    active[i] = index;
    previous = index;
  }
  const padding = reader.left;
  if (padding >= 8) return `go on for ${padding} bits after the last index`;
  return reader.low(padding) === 0 ? active : 'are padded with ones';
}
