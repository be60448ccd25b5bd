import type { Window } from '../window.js';

/**
 * True when every tap sees the image shifted as a whole: stride 1, and as many output pixels as input pixels.
 */
export function isShift(window: Window): boolean {
  const { height, width, outHeight, outWidth, strideY, strideX } = window;
  return strideY === 1 && strideX === 1 && outHeight === height && outWidth === width;
}

/**
 * Computes the result of `gatherTap` from pixels that are already laid out channel by channel, `[channels,
 * positions]`: one long copy, then zeros wherever the shift crossed an image's border.
 */
export function shiftTap(
  planes: Float32Array,
  target: Float32Array,
  window: Window,
  tap: readonly [number, number],
): void {
  const { width, height, top, left } = window;
  const down = tap[0] - top;
  const across = tap[1] - left;
  const offset = down * width + across;
  const from = Math.max(0, offset);
  const to = Math.min(planes.length, planes.length + offset);
  if (from < to) target.set(planes.subarray(from, to), from - offset);
  clearRows(target, window, Math.max(-height, Math.min(height, down)));
  clearColumns(target, window, Math.max(-width, Math.min(width, across)));
}

/** Clears the rows of every image that looked past its bottom (`down` > 0) or its top. */
function clearRows(target: Float32Array, { height, width }: Window, down: number): void {
  if (down === 0) return;
  const start = down > 0 ? (height - down) * width : 0;
  const end = down > 0 ? height * width : -down * width;
  for (let image = 0; image < target.length; image += height * width)
    target.fill(0, image + start, image + end);
}

/** Clears the columns of every row that looked past its right end (`across` > 0) or its left one. */
function clearColumns(target: Float32Array, { width }: Window, across: number): void {
  if (across === 0) return;
  const start = across > 0 ? width - across : 0;
  const end = across > 0 ? width : -across;
  for (let row = 0; row < target.length; row += width) {
    for (let column = start; column < end; column++) target[row + column] = 0;
  }
}
