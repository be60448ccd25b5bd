import { middleOf } from './middle-of.js';

/** Sums over which an update's direction is remembered; angles between updates are right to about 1/√ of it: 0.03. */
const SKETCH = 1024;

/** With fewer updates, a round does not show what is usual. */
const FEWEST = 4;

/** Times the round's median norm above which an update is an outlier. */
const NORM_FACTOR = 4;

/** Below that median agreement updates point in all directions, and a single direction is no evidence. */
const LEAST_AGREEMENT = 0.2;

/** Share of the median agreement below which an update is an outlier. */
const AGREEMENT_SHARE = 0.25;

/**
 * Summary of an update that is kept after the update is released: its length, and enough of its direction.
 */
export interface UpdateProfile {
  /** Euclidean norm. */
  readonly norm: number;
  /**
   * Σ of randomly signed values over residue classes, of a long update's coordinates a share: scalar products survive
   * it (Charikar et al., ICALP 2002).
   */
  readonly sketch: Float64Array;
}

/** An update that is unlike the others of its round. */
export interface UpdateOutlier {
  /** Position among the round's updates. */
  readonly at: number;
  readonly reason: 'norm' | 'direction';
  /** Its norm, or its cosine with the others; `usual` is the round's median of the same. */
  readonly value: number;
  readonly usual: number;
}

/** The profile of a finite update. */
export function profileUpdate(values: Float32Array): UpdateProfile {
  const sketch = new Float64Array(SKETCH);
  const words = Math.ceil(values.length / WORD);
  const step = Math.max(1, Math.floor(words / SKETCHED));
  for (let word = 0; word < words; word += step) {
    const from = word * WORD;
    const count = Math.min(WORD, values.length - from);
    addSigned(sketch, values, { from, count, signs: signsOf(word) });
  }
  return { norm: Math.sqrt(sumOfSquares(values)), sketch };
}

/** Four sums, so that one addition need not wait for the one before. */
function sumOfSquares(values: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = values.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    a += (values[i] ?? 0) * (values[i] ?? 0);
    b += (values[i + 1] ?? 0) * (values[i + 1] ?? 0);
    c += (values[i + 2] ?? 0) * (values[i + 2] ?? 0);
    d += (values[i + 3] ?? 0) * (values[i + 3] ?? 0);
  }
  for (let i = whole; i < values.length; i++) a += (values[i] ?? 0) * (values[i] ?? 0);
  return a + b + c + d;
}

/** Coordinates whose signs are drawn together. */
const WORD = 32;

/** Runs of {@link WORD} coordinates that are sketched, up to twice as many: enough for a direction, whatever the length. */
const SKETCHED = 512;

function addSigned(
  sketch: Float64Array,
  values: Float32Array,
  { from, count, signs }: { readonly from: number; readonly count: number; readonly signs: number },
): void {
  const at = from & (SKETCH - 1);
  for (let i = 0; i < count; i++)
    sketch[at + i] = (sketch[at + i] ?? 0) + (((signs >>> i) & 1) * 2 - 1) * (values[from + i] ?? 0);
}

/** 32 signs that look random, the same for the same coordinates (the finalizer of MurmurHash3). */
function signsOf(word: number): number {
  let h = Math.imul(word ^ (word >>> 16) ^ 0x9e3779b9, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * The outliers of a round, for a note. This is not a defence, and honest clients with unusual data may be
 * among them. By norm: above 4 times the round's median. By direction: the cosine between an update and the
 * mean direction of the others is below a quarter of the round's median, where that median is at least 0.2.
 * None in rounds of fewer than 4 updates.
 */
export function findOutliers(profiles: readonly UpdateProfile[]): readonly UpdateOutlier[] {
  if (profiles.length < FEWEST) return [];
  return [...byNorm(profiles), ...byDirection(profiles)].sort((a, b) => a.at - b.at);
}

function byNorm(profiles: readonly UpdateProfile[]): readonly UpdateOutlier[] {
  const usual = middleOf(profiles.map(({ norm }) => norm));
  return profiles.flatMap(({ norm }, at) =>
    norm > NORM_FACTOR * usual ? [{ at, reason: 'norm', value: norm, usual }] : [],
  );
}

function byDirection(profiles: readonly UpdateProfile[]): readonly UpdateOutlier[] {
  const units = profiles.map(({ sketch }) => unit(sketch));
  const all = new Float64Array(SKETCH);
  for (const one of units) for (let i = 0; i < SKETCH; i++) all[i] = (all[i] ?? 0) + (one[i] ?? 0);
  const cosines = units.map((one) => dot(one, unit(all.map((sum, i) => sum - (one[i] ?? 0)))));
  const usual = middleOf(cosines);
  if (usual < LEAST_AGREEMENT) return [];
  return cosines.flatMap((value, at) =>
    value < AGREEMENT_SHARE * usual ? [{ at, reason: 'direction', value, usual }] : [],
  );
}

/** A vector of length 1, or of 0 for nothing. */
function unit(values: Float64Array): Float64Array {
  const norm = Math.sqrt(dot(values, values));
  return norm === 0 ? values : values.map((value) => value / norm);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
