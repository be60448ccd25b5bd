import { EspalierError } from '../errors.js';

/**
 * The one place for rounding: weights kept of `size` at `density`, the nearest integer (a half rounds up), at least 1.
 * @param density in (0, 1]
 */
export function keptCount(density: number, size: number): number {
  checkDensity(density);
  return Math.min(size, Math.max(1, nearestWhole(density * size)));
}

/** @throws EspalierError `invalid_argument` unless the density is above 0 and at most 1. */
export function checkDensity(density: number): void {
  if (density > 0 && density <= 1) return;
  throw new EspalierError('invalid_argument', `density ${density} is not above 0 and at most 1`);
}

/** The nearest whole number of a value of at least 0; a half rounds up. */
export function nearestWhole(value: number): number {
  // A product such as 0.29 × 100 comes out as 28.999…96; rounding to 12 digits first keeps the intended half-way cases.
  return Math.floor(Number(value.toPrecision(12)) + 0.5);
}

/**
 * The one place for ties: positions of the `count` largest scores, ascending. Equal scores keep the lower position
 * (−0 equals 0). Linear in the number of scores: a radix selection on the scores' float32 bits.
 * @throws EspalierError `not_finite` on a NaN, `invalid_argument` when there are fewer scores than `count`.
 */
export function topK(scores: ArrayLike<number>, count: number): Uint32Array {
  if (!Number.isSafeInteger(count) || count < 0 || count > scores.length) {
    throw new EspalierError('invalid_argument', `cannot take ${count} of ${scores.length} scores`);
  }
  const exact = scores instanceof Float32Array;
  // Rounding to float32 never swaps two scores, so whatever it leaves apart is in the right order already.
  const rounded = exact ? scores : new Float32Array(scores);
  refuseNaN(rounded);
  if (count === 0) return new Uint32Array(0);
  const bits = new Uint32Array(rounded.buffer, rounded.byteOffset, rounded.length);
  const { key, above } = selectThreshold(bits, count);
  const wanted = count - above;
  const ties = exact
    ? positionsOfKey(bits, key, wanted)
    : bestOf(positionsOfKey(bits, key, bits.length), scores, wanted);
  return collect(bits, key, ties, count);
}

function refuseNaN(scores: Float32Array): void {
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    if (score !== score) throw new EspalierError('not_finite', `score ${i} is NaN`, { index: i });
  }
}

/** A float32's bits as an unsigned integer in the same order; −0 and 0 give the same. */
function orderedKey(bits: number): number {
  if (bits === 0x80000000) return bits;
  return (bits & 0x80000000 ? ~bits : bits | 0x80000000) >>> 0;
}

interface Threshold {
  /** Key of the `count`-th largest score. */
  readonly key: number;
  /** Number of scores with a larger key. */
  readonly above: number;
}

/** Fixes the key digit by digit from the top: 11, 11 and 10 bits, each by one histogram. */
function selectThreshold(bits: Uint32Array, count: number): Threshold {
  let prefix = 0;
  let above = 0;
  for (const [shift, width] of DIGITS) {
    const histogram = digitHistogram(bits, prefix, shift, width);
    let digit = histogram.length - 1;
    while (above + histogram[digit]! < count) above += histogram[digit--]!;
    prefix = prefix * histogram.length + digit;
  }
  return { key: prefix, above };
}

const DIGITS: readonly (readonly [shift: number, width: number])[] = [
  [21, 11],
  [10, 11],
  [0, 10],
];

/** Number of times each digit occurs among the keys that begin with `prefix`. */
function digitHistogram(bits: Uint32Array, prefix: number, shift: number, width: number): Uint32Array {
  const histogram = new Uint32Array(1 << width);
  const digitMask = histogram.length - 1;
  const first = shift + width === 32;
  for (let i = 0; i < bits.length; i++) {
    const shifted = orderedKey(bits[i]!) >>> shift;
    if (first || shifted >>> width === prefix) histogram[shifted & digitMask]!++;
  }
  return histogram;
}

/** The lowest positions that have this key, at most `limit` of them, ascending. */
function positionsOfKey(bits: Uint32Array, key: number, limit: number): number[] {
  const positions: number[] = [];
  for (let i = 0; positions.length < limit && i < bits.length; i++) {
    if (orderedKey(bits[i]!) === key) positions.push(i);
  }
  return positions;
}

/** Picks, from positions whose scores agree only in float32, the `count` best by exact scores, ascending. */
function bestOf(positions: number[], scores: ArrayLike<number>, count: number): number[] {
  // Infinity − Infinity is NaN, which falls through to the position like any other tie.
  positions.sort((a, b) => scores[b]! - scores[a]! || a - b);
  return positions.slice(0, count).sort((a, b) => a - b);
}

/** Every position above the key, and of those at the key the given ones. */
function collect(bits: Uint32Array, key: number, ties: readonly number[], count: number): Uint32Array {
  const taken = new Uint32Array(count);
  let next = 0;
  let tie = 0;
  for (let i = 0; next < count; i++) {
    if (i === ties[tie]) tie++;
    else if (orderedKey(bits[i]!) <= key) continue;
    taken[next++] = i;
  }
  return taken;
}
