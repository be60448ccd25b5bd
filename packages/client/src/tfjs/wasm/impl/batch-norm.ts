import { BAND, columnSums, deviationSums, slopeSums } from './column-sums.js';

/** Arrays of a batch norm in training; `x` and `y` are `[rows, channels]`. */
export interface BatchNormArrays {
  readonly x: Float32Array;
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly y: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/** Fills `mean`, `variance` (population) and `y`; sums in float64. */
export function batchNormTraining(arrays: BatchNormArrays, epsilon: number): void {
  const { x, gamma, beta, y, mean, variance } = arrays;
  const channels = mean.length;
  const rows = x.length / channels;
  const centres = columnSums(x, channels).map((sum) => sum / rows);
  const squares = deviationSums(x, centres);
  const scale = new Float64Array(channels);
  const shift = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    mean[c] = centres[c]!;
    variance[c] = squares[c]! / rows;
    scale[c] = gamma[c]! / Math.sqrt(variance[c]! + epsilon);
    shift[c] = beta[c]! - centres[c]! * scale[c]!;
  }
  for (let start = 0; start < x.length; start += BAND * channels) {
    const end = Math.min(x.length, start + BAND * channels);
    for (let c = 0; c < channels; c++) {
      const factor = scale[c]!;
      const offset = shift[c]!;
      for (let i = start + c; i < end; i += channels) y[i] = x[i]! * factor + offset;
    }
  }
}

/** Arrays of its gradient. */
export interface BatchNormGradientArrays {
  readonly dy: Float32Array;
  readonly x: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly gamma: Float32Array;
  readonly dx: Float32Array;
  readonly dgamma: Float32Array;
  readonly dbeta: Float32Array;
}

/**
 * Fills `dx`, `dgamma` and `dbeta` (Ioffe & Szegedy 2015, §3); sums in float64.
 * `dx = γ/σ·(dy − mean(dy) − x̂·mean(dy·x̂))`, computed as `scale·dy + slope·x + shift`.
 */
export function batchNormGradient(arrays: BatchNormGradientArrays, epsilon: number): void {
  const { dy, x, mean, variance, gamma, dx, dgamma, dbeta } = arrays;
  const channels = mean.length;
  const rows = x.length / channels;
  const { slopes, products } = slopeSums(dy, x, mean);
  const scale = new Float64Array(channels);
  const slope = new Float64Array(channels);
  const shift = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    const inverse = 1 / Math.sqrt(variance[c]! + epsilon);
    dbeta[c] = slopes[c]!;
    dgamma[c] = products[c]! * inverse;
    scale[c] = gamma[c]! * inverse;
    slope[c] = (-scale[c]! * inverse * inverse * products[c]!) / rows;
    shift[c] = (-scale[c]! * slopes[c]!) / rows - slope[c]! * mean[c]!;
  }
  for (let start = 0; start < x.length; start += BAND * channels) {
    const end = Math.min(x.length, start + BAND * channels);
    for (let c = 0; c < channels; c++) {
      const [onSlope, onInput, offset] = [scale[c]!, slope[c]!, shift[c]!];
      for (let i = start + c; i < end; i += channels) dx[i] = dy[i]! * onSlope + x[i]! * onInput + offset;
    }
  }
}
