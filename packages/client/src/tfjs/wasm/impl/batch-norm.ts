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
export function batchNormTraining(
  { x, gamma, beta, y, mean, variance }: BatchNormArrays,
  epsilon: number,
): void {
  const channels = mean.length;
  const rows = x.length / channels;
  const centre = columnSums(x, channels).map((sum) => sum / rows);
  const squares = squaredDeviations(x, centre);
  const scale = new Float64Array(channels);
  const shift = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    mean[c] = centre[c]!;
    variance[c] = squares[c]! / rows;
    scale[c] = gamma[c]! / Math.sqrt(variance[c]! + epsilon);
    shift[c] = beta[c]! - centre[c]! * scale[c]!;
  }
  for (let row = 0; row < x.length; row += channels) {
    for (let c = 0; c < channels; c++) y[row + c] = x[row + c]! * scale[c]! + shift[c]!;
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

/** Fills `dx`, `dgamma` and `dbeta` (Ioffe & Szegedy 2015, §3); sums in float64. */
export function batchNormGradient(arrays: BatchNormGradientArrays, epsilon: number): void {
  const { dy, x, mean, variance, gamma, dx, dgamma, dbeta } = arrays;
  const channels = mean.length;
  const rows = x.length / channels;
  const { sums, products } = gradientSums(dy, x, mean);
  const scale = new Float64Array(channels);
  const slope = new Float64Array(channels);
  const shift = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    const inverse = 1 / Math.sqrt(variance[c]! + epsilon);
    dbeta[c] = sums[c]!;
    dgamma[c] = products[c]! * inverse;
    // dx = γ/σ·(dy − mean(dy) − x̂·mean(dy·x̂)), as scale·dy + slope·x + shift.
    scale[c] = gamma[c]! * inverse;
    slope[c] = (-scale[c]! * inverse * inverse * products[c]!) / rows;
    shift[c] = (-scale[c]! * sums[c]!) / rows - slope[c]! * mean[c]!;
  }
  for (let row = 0; row < x.length; row += channels) {
    for (let c = 0; c < channels; c++)
      dx[row + c] = dy[row + c]! * scale[c]! + x[row + c]! * slope[c]! + shift[c]!;
  }
}

/** Sum of each column of `[rows, channels]`, in float64. */
export function columnSums(x: Float32Array, channels: number): Float64Array {
  const sums = new Float64Array(channels);
  for (let row = 0; row < x.length; row += channels) {
    for (let c = 0; c < channels; c++) sums[c]! += x[row + c]!;
  }
  return sums;
}

function squaredDeviations(x: Float32Array, centre: Float64Array): Float64Array {
  const channels = centre.length;
  const squares = new Float64Array(channels);
  for (let row = 0; row < x.length; row += channels) {
    for (let c = 0; c < channels; c++) {
      const deviation = x[row + c]! - centre[c]!;
      squares[c]! += deviation * deviation;
    }
  }
  return squares;
}

/** Per channel: Σ dy and Σ dy·(x − mean). */
function gradientSums(
  dy: Float32Array,
  x: Float32Array,
  mean: Float32Array,
): { readonly sums: Float64Array; readonly products: Float64Array } {
  const channels = mean.length;
  const sums = new Float64Array(channels);
  const products = new Float64Array(channels);
  for (let row = 0; row < x.length; row += channels) {
    for (let c = 0; c < channels; c++) {
      const slope = dy[row + c]!;
      sums[c]! += slope;
      products[c]! += slope * (x[row + c]! - mean[c]!);
    }
  }
  return { sums, products };
}
