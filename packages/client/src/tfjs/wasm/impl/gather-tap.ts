import type { Window } from '../window.js';

/**
 * Gathers the input of one kernel tap, channel by channel: `target[c, p] = x[n, y·s + ky − top, x·s + kx −
 * left, c]` for the output positions `p = (n, y, x)`, and 0 over the padding.
 */
export function gatherTap(
  x: Float32Array,
  target: Float32Array,
  window: Window,
  [ky, kx]: readonly [number, number],
): void {
  const { batch, height, outHeight, outWidth, channels, strideY, top } = window;
  const positions = batch * outHeight * outWidth;
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      const y = oy * strideY + ky - top;
      const start = (n * outHeight + oy) * outWidth;
      if (y < 0 || y >= height) {
        for (let c = 0; c < channels; c++)
          target.fill(0, c * positions + start, c * positions + start + outWidth);
      } else gatherRow(x, target, window, { kx, row: n * height + y, start, positions });
    }
  }
}

interface RowPlace {
  readonly kx: number;
  /** Input row, counted over the whole batch. */
  readonly row: number;
  /** First output position of the row. */
  readonly start: number;
  readonly positions: number;
}

/** Writes whole runs per channel: runs of a power of two apart would otherwise throw each other out of the cache. */
function gatherRow(x: Float32Array, target: Float32Array, window: Window, place: RowPlace): void {
  const { width, channels, outWidth, strideX, left } = window;
  const { kx, row, start, positions } = place;
  // Output columns [from, to) see real pixels.
  const from = Math.min(outWidth, Math.max(0, Math.ceil((left - kx) / strideX)));
  const to = Math.max(from, Math.min(outWidth, Math.floor((width - 1 + left - kx) / strideX) + 1));
  const step = strideX * channels;
  const source = (row * width + from * strideX + kx - left) * channels;
  for (let c = 0; c < channels; c++) {
    const base = c * positions + start;
    for (let o = 0; o < from; o++) target[base + o] = 0;
    let at = source + c;
    for (let o = from; o < to; o++) {
      target[base + o] = x[at]!;
      at += step;
    }
    for (let o = to; o < outWidth; o++) target[base + o] = 0;
  }
}
