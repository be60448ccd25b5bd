import { CholeskyDecomposition, inverse, Matrix } from 'ml-matrix';
import { filterScales, rounded, type LevelTable } from '../quantization/index.js';

/** A kernel to be pruned and rounded, with what is known of its inputs. */
export interface FeedbackOptions {
  /** `[tap][channel][filter]`. */
  readonly kernel: Float32Array;
  readonly channels: number;
  readonly filters: number;
  /** Null does not round. */
  readonly table: LevelTable | null;
  /** Aligned with the kernel: where it is 0 the weight becomes 0, and later ones make up for that. */
  readonly kept: Float32Array;
  /** Covariance of the input channels, row-major. */
  readonly covariance: Float64Array;
  readonly ridge: number;
}

/**
 * Prunes and rounds a kernel channel by channel; the channels that follow make up for the error in the least-squares
 * sense (Frantar & Alistarh, "Optimal Brain Compression", NeurIPS 2022; here with channel covariances, tap by tap).
 */
export function pruneWithFeedback({
  kernel,
  channels,
  filters,
  table,
  kept,
  covariance,
  ridge,
}: FeedbackOptions): Float32Array {
  const scales =
    table &&
    filterScales(
      kernel.map((value, i) => (kept[i] === 0 ? 0 : value)),
      filters,
      table,
    );
  const factor = inverseFactor(covariance, channels, ridge);
  const values = kernel.slice();
  for (let tap = 0; tap * channels * filters < values.length; tap++) {
    const part = values.subarray(tap * channels * filters, (tap + 1) * channels * filters);
    for (let c = 0; c < channels; c++) {
      for (let f = 0; f < filters; f++) {
        const wish = part[c * filters + f]!;
        const zero = kept[(tap * channels + c) * filters + f] === 0;
        const value = zero ? 0 : table && scales ? rounded(table, wish, scales[f]!) : wish;
        part[c * filters + f] = value;
        const error = (wish - value) / factor[c * channels + c]!;
        if (error === 0) continue;
        for (let d = c + 1; d < channels; d++) part[d * filters + f]! -= error * factor[c * channels + d]!;
      }
    }
  }
  return values;
}

/** The upper Cholesky factor of (C + λI)⁻¹, row-major. */
function inverseFactor(covariance: Float64Array, n: number, ridge: number): Float64Array {
  let trace = 0;
  for (let i = 0; i < n; i++) trace += covariance[i * n + i]!;
  const scale = Math.max(trace / n, 1e-12);
  for (let share = ridge; ; share *= 10) {
    const matrix = Matrix.from1DArray(n, n, covariance);
    for (let i = 0; i < n; i++) matrix.set(i, i, matrix.get(i, i) + share * scale);
    const inverted = inverse(matrix);
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) inverted.set(i, j, inverted.get(j, i));
    const decomposition = new CholeskyDecomposition(inverted);
    if (decomposition.isPositiveDefinite())
      return Float64Array.from(decomposition.lowerTriangularMatrix.transpose().to1DArray());
  }
}
