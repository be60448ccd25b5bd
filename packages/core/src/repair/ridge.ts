import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { addScaled } from '../vectors/add-scaled.js';

/** A least-squares problem in moments: express `targets` variables by `sources` variables. */
export interface RidgeProblem {
  readonly sources: number;
  readonly targets: number;
  /** Covariance of the sources, row-major. */
  readonly gram: Float64Array;
  /** Covariance of source i (row) with target j (column). */
  readonly cross: Float64Array;
  /** Added to the diagonal, as a share of its mean; at least a little keeps the problem solvable. */
  readonly ridge: number;
}

/**
 * S of `sources × targets` that minimises E‖y − Sᵀx‖² + λ‖S‖², row-major: (C + λI)⁻¹ X by Cholesky. The ridge grows
 * until the matrix is positive definite in floating point.
 */
export function solveRidge({ sources, targets, gram, cross, ridge }: RidgeProblem): Float64Array {
  let trace = 0;
  for (let i = 0; i < sources; i++) trace += gram[i * sources + i] ?? 0;
  const scale = Math.max(trace / sources, 1e-12);
  for (let share = ridge; ; share *= 10) {
    const left = matrixOf(gram, sources, sources);
    for (let i = 0; i < sources; i++) left.set(i, i, left.get(i, i) + share * scale);
    const decomposition = new CholeskyDecomposition(left);
    if (decomposition.isPositiveDefinite()) return solved(decomposition, cross, targets);
  }
}

/** L Lᵀ S = X for every column at once: the library's own way goes through memory column by column. */
function solved(
  { lowerTriangularMatrix }: CholeskyDecomposition,
  cross: Float64Array,
  targets: number,
): Float64Array {
  const { rows } = lowerTriangularMatrix;
  const lower = Float64Array.from(lowerTriangularMatrix.to1DArray());
  const result = cross.slice();
  const rowOf = (k: number): Float64Array => result.subarray(k * targets, (k + 1) * targets);
  for (let k = 0; k < rows; k++) {
    for (let i = 0; i < k; i++) addScaled(rowOf(k), rowOf(i), -(lower[k * rows + i] ?? 0));
    divideRow(rowOf(k), lower[k * rows + k] ?? 0);
  }
  for (let k = rows - 1; k >= 0; k--) {
    for (let i = k + 1; i < rows; i++) addScaled(rowOf(k), rowOf(i), -(lower[i * rows + k] ?? 0));
    divideRow(rowOf(k), lower[k * rows + k] ?? 0);
  }
  return result;
}

function divideRow(row: Float64Array, by: number): void {
  for (let j = 0; j < row.length; j++) row[j] = (row[j] ?? 0) / by;
}

function matrixOf(values: Float64Array, rows: number, columns: number): Matrix {
  return Matrix.from1DArray(rows, columns, values);
}
