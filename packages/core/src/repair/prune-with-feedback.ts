import { CholeskyDecomposition, inverse, Matrix } from 'ml-matrix';
import { filterScales, rounded, type LevelTable } from '../quantization/index.js';

/** A kernel to be pruned and rounded, with the statistics of its inputs. */
export interface FeedbackOptions {
  /** `[tap][channel][filter]`. */
  readonly kernel: Float32Array;
  readonly channels: number;
  readonly filters: number;
  /** Null does not round. */
  readonly table: LevelTable | null;
  /** Aligned with the kernel: where it is 0 the weight becomes 0, and later ones compensate. */
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
  const errors = new Float64Array(filters);
  for (let tap = 0; tap * channels * filters < values.length; tap++) {
    const start = tap * channels * filters;
    const part = values.subarray(start, start + channels * filters);
    for (let c = 0; c < channels; c++) {
      const diagonal = factor[c * channels + c] ?? 0;
      for (let f = 0; f < filters; f++) {
        const wish = part[c * filters + f] ?? 0;
        const gone = kept[start + c * filters + f] === 0;
        const value = gone ? 0 : table && scales ? rounded(table, wish, scales[f] ?? 0) : wish;
        part[c * filters + f] = value;
        errors[f] = (wish - value) / diagonal;
      }
      // Row by row, so that memory is read in order: networks have millions of weights.
      for (let d = c + 1; d < channels; d++)
        addScaled(part, d * filters, errors, -(factor[c * channels + d] ?? 0));
    }
  }
  return values;
}

function addScaled(target: Float32Array, start: number, values: Float64Array, share: number): void {
  if (share === 0) return;
  for (let i = 0; i < values.length; i++)
    target[start + i] = (target[start + i] ?? 0) + share * (values[i] ?? 0);
}

/** The upper Cholesky factor of (C + λI)⁻¹, row-major. */
function inverseFactor(covariance: Float64Array, n: number, ridge: number): Float64Array {
  let trace = 0;
  for (let i = 0; i < n; i++) trace += covariance[i * n + i] ?? 0;
  const scale = Math.max(trace / n, 1e-12);
  if (isDiagonal(covariance, n)) return inverseRoots(covariance, n, ridge * scale);
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

/** Channels of wide layers count as uncorrelated. */
function isDiagonal(matrix: Float64Array, n: number): boolean {
  return matrix.every((value, at) => value === 0 || at % (n + 1) === 0);
}

function inverseRoots(matrix: Float64Array, n: number, ridge: number): Float64Array {
  const roots = new Float64Array(n * n);
  for (let i = 0; i < n; i++) roots[i * (n + 1)] = 1 / Math.sqrt((matrix[i * (n + 1)] ?? 0) + ridge);
  return roots;
}
