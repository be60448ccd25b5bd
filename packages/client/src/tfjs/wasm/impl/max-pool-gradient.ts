import type { Window } from '../window.js';

/** Adds each `dy` to the first largest real pixel, in row-major order, of its window; `dx` must start at 0. */
export function maxPoolGradient(x: Float32Array, dy: Float32Array, dx: Float32Array, window: Window): void {
  const { batch, channels, outHeight, outWidth } = window;
  const largest = new Float32Array(channels);
  const where = new Int32Array(channels);
  for (let position = 0; position < batch * outHeight * outWidth; position++) {
    findLargest(x, window, position, { largest, where });
    for (let c = 0; c < channels; c++) dx[where[c]!]! += dy[position * channels + c]!;
  }
}

interface Found {
  readonly largest: Float32Array;
  /** Offset into the input. */
  readonly where: Int32Array;
}

function findLargest(x: Float32Array, window: Window, position: number, { largest, where }: Found): void {
  const { height, width, channels, outHeight, outWidth } = window;
  const row = Math.floor(position / outWidth);
  const top = (row % outHeight) * window.strideY - window.top;
  const left = (position % outWidth) * window.strideX - window.left;
  const image = Math.floor(row / outHeight) * height;
  let first = true;
  for (let y = Math.max(0, top); y < Math.min(height, top + window.kernelHeight); y++) {
    for (let column = Math.max(0, left); column < Math.min(width, left + window.kernelWidth); column++) {
      const from = ((image + y) * width + column) * channels;
      for (let c = 0; c < channels; c++) {
        if (!first && !(x[from + c]! > largest[c]!)) continue;
        largest[c] = x[from + c]!;
        where[c] = from + c;
      }
      first = false;
    }
  }
}
