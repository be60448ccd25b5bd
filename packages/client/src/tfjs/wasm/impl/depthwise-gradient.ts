import type { Window } from '../window.js';

/** Adds to `dx[n, y, x, c]` what every tap that saw it contributes; `dx` must start at 0. */
export function depthwiseInputGradient(
  dy: Float32Array,
  filter: Float32Array,
  dx: Float32Array,
  window: Window,
): void {
  const { channels, filters } = window;
  const multiplier = filters / channels;
  forEachTap(window, (tap, input, output) => {
    const weights = tap * filters;
    if (multiplier === 1) {
      for (let c = 0; c < channels; c++) dx[input + c]! += dy[output + c]! * filter[weights + c]!;
      return;
    }
    for (let f = 0; f < filters; f++) {
      dx[input + Math.floor(f / multiplier)]! += dy[output + f]! * filter[weights + f]!;
    }
  });
}

/** `dw[ky, kx, c, m]`: sums in float64, then rounded. */
export function depthwiseFilterGradient(
  x: Float32Array,
  dy: Float32Array,
  dw: Float32Array,
  window: Window,
): void {
  const { channels, filters } = window;
  const multiplier = filters / channels;
  const sums = new Float64Array(dw.length);
  forEachTap(window, (tap, input, output) => {
    const weights = tap * filters;
    if (multiplier === 1) {
      for (let c = 0; c < channels; c++) sums[weights + c]! += x[input + c]! * dy[output + c]!;
      return;
    }
    for (let f = 0; f < filters; f++) {
      sums[weights + f]! += x[input + Math.floor(f / multiplier)]! * dy[output + f]!;
    }
  });
  dw.set(sums);
}

/** Visits every pair of an output position and a real pixel under one of its taps, with the offsets of both. */
function forEachTap(window: Window, visit: (tap: number, input: number, output: number) => void): void {
  const { batch, height, width, channels, outHeight, outWidth, filters, kernelHeight, kernelWidth } = window;
  for (let row = 0; row < batch * outHeight; row++) {
    const n = Math.floor(row / outHeight);
    const top = (row % outHeight) * window.strideY - window.top;
    for (let ky = Math.max(0, -top); ky < Math.min(kernelHeight, height - top); ky++) {
      const inputRow = (n * height + top + ky) * width;
      for (let ox = 0; ox < outWidth; ox++) {
        const left = ox * window.strideX - window.left;
        for (let kx = Math.max(0, -left); kx < Math.min(kernelWidth, width - left); kx++) {
          visit(ky * kernelWidth + kx, (inputRow + left + kx) * channels, (row * outWidth + ox) * filters);
        }
      }
    }
  }
}
