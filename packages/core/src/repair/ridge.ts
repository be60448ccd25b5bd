import { CholeskyDecomposition, Matrix } from 'ml-matrix';

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
  for (let i = 0; i < sources; i++) trace += gram[i * sources + i]!;
  const scale = Math.max(trace / sources, 1e-12);
  const right = matrixOf(cross, sources, targets);
  for (let share = ridge; ; share *= 10) {
    const left = matrixOf(gram, sources, sources);
    for (let i = 0; i < sources; i++) left.set(i, i, left.get(i, i) + share * scale);
    const decomposition = new CholeskyDecomposition(left);
    if (decomposition.isPositiveDefinite()) return Float64Array.from(decomposition.solve(right).to1DArray());
  }
}

function matrixOf(values: Float64Array, rows: number, columns: number): Matrix {
  return Matrix.from1DArray(rows, columns, values);
}
