import type { Quantizer } from './quantizer.js';

/** A weight's nearest level: which, and on which side of 0. */
export interface LevelTable {
  readonly levels: Float64Array;
  /** Midpoints between levels: above `midpoints[i]` a magnitude belongs to level i + 1 or higher. */
  readonly midpoints: Float64Array;
}

/** A quantizer's levels at those bits. @throws EspalierError `invalid_argument` for bits out of range. */
export function levelTable(quantizer: Quantizer, bits: number): LevelTable {
  const levels = quantizer.levels(bits);
  return { levels, midpoints: levels.slice(1).map((level, i) => (level + (levels[i] ?? 0)) / 2) };
}

/** Position of the level nearest to a magnitude of at least 0. */
export function nearestLevel({ midpoints }: LevelTable, magnitude: number): number {
  let [low, high] = [0, midpoints.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (magnitude > (midpoints[middle] ?? 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The value nearest to `value` among ± level · scale. */
export function rounded(table: LevelTable, value: number, scale: number): number {
  if (scale === 0) return 0;
  const magnitude = (table.levels[nearestLevel(table, Math.abs(value) / scale)] ?? 0) * scale;
  return value < 0 && magnitude > 0 ? -magnitude : magnitude;
}

/** Shares of a filter's largest weight that are tried as its scale. */
const CLIPS = Array.from({ length: 16 }, (_, i) => 1 - i / 40);

/**
 * One scale per filter: of shares of its largest weight, the one with the least squared rounding error.
 * @param kernel `[…, filters]`, filters innermost
 */
export function filterScales(kernel: Float32Array, filters: number, table: LevelTable): Float32Array {
  const scales = new Float32Array(filters);
  for (let f = 0; f < filters; f++) {
    let largest = 0;
    for (let i = f; i < kernel.length; i += filters) largest = Math.max(largest, Math.abs(kernel[i] ?? 0));
    let least = Infinity;
    for (const clip of CLIPS) {
      const scale = Math.fround(largest * clip);
      const error = roundingError(kernel, { first: f, step: filters, scale, table });
      if (error < least) [least, scales[f]] = [error, scale];
    }
  }
  return scales;
}

interface ErrorOptions {
  readonly first: number;
  readonly step: number;
  readonly scale: number;
  readonly table: LevelTable;
}

function roundingError(kernel: Float32Array, { first, step, scale, table }: ErrorOptions): number {
  let error = 0;
  for (let i = first; i < kernel.length; i += step)
    error += ((kernel[i] ?? 0) - rounded(table, kernel[i] ?? 0, scale)) ** 2;
  return error;
}

/** Every weight rounded to its filter's nearest level; weights that are 0 stay 0. */
export function quantizeKernel(kernel: Float32Array, filters: number, table: LevelTable): Float32Array {
  const scales = filterScales(kernel, filters, table);
  return kernel.map((value, i) => rounded(table, value, scales[i % filters] ?? 0));
}
