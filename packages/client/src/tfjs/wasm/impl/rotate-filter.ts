import type { AxisPhase } from './phase.js';
import type { Window } from '../window.js';

/**
 * The filter that turns `dy` into one phase of the input gradient: the phase's taps in reverse, with input and output
 * channels exchanged. From `[kh, kw, channels, filters]` to `[tapsY, tapsX, filters, channels]`.
 */
export function rotateFilter(
  filter: Float32Array,
  target: Float32Array,
  { kernelWidth, channels, filters, strideY, strideX }: Window,
  [down, across]: readonly [AxisPhase, AxisPhase],
): void {
  const size = channels * filters;
  for (let i = 0; i < down.taps; i++) {
    const ky = down.residue + strideY * (down.taps - 1 - i);
    for (let j = 0; j < across.taps; j++) {
      const kx = across.residue + strideX * (across.taps - 1 - j);
      const from = (ky * kernelWidth + kx) * size;
      const to = (i * across.taps + j) * size;
      transpose(filter.subarray(from, from + size), target.subarray(to, to + size), channels, filters);
    }
  }
}

/** Rows and columns taken at a time, so that both sides stay in the cache. */
const TILE = 16;

/** `[rows, columns]` to `[columns, rows]`. */
export function transpose(source: Float32Array, target: Float32Array, rows: number, columns: number): void {
  for (let row = 0; row < rows; row += TILE) {
    const rowEnd = Math.min(rows, row + TILE);
    for (let column = 0; column < columns; column += TILE) {
      const columnEnd = Math.min(columns, column + TILE);
      for (let c = column; c < columnEnd; c++) {
        for (let r = row; r < rowEnd; r++) target[c * rows + r] = source[r * columns + c]!;
      }
    }
  }
}
