import { EspalierError } from '../errors.js';
import { addScaled } from '../vectors/add-scaled.js';
import type { MomentTree, Moments } from '../params/model-state.js';

/** One client's batch-norm statistics and the samples they come from. */
export interface MomentReport {
  readonly moments: MomentTree;
  readonly samples: number;
}

/**
 * Way to merge variances. `pooled`: exactly, as if all samples had been in one place. `mean`: the plain
 * weighted mean that FedTiny's authors intend, which ignores the distance between the clients' means.
 */
export type VarianceMerge = 'pooled' | 'mean';

/**
 * Statistics of all clients together, weighted by samples: μ = Σ p_k μ_k and σ² = Σ p_k (σ_k² + μ_k²) − μ². Computed as
 * Σ p_k (σ_k² + (μ_k − μ)²), the same number without cancellation, so never below 0. In float64, in the order given,
 * which must be that of the partition indices.
 * @throws EspalierError `invalid_argument` without reports or samples, `invalid_params` when reports differ in nodes or
 * channels, `not_finite`.
 */
export function mergeMoments(
  reports: readonly MomentReport[],
  variance: VarianceMerge = 'pooled',
): MomentTree {
  const total = reports.reduce((sum, { samples }) => sum + samples, 0);
  const [first] = reports;
  if (first === undefined || !(total > 0)) {
    throw new EspalierError(
      'invalid_argument',
      `${reports.length} reports of ${total} samples have no moments`,
    );
  }
  const weights = reports.map(({ samples }) => samples);
  return new Map(
    [...first.moments].map(([node, { mean }]) => {
      const parts = reports.map(({ moments }) => momentsAt(moments, node, mean.length));
      return [node, mergeNode(node, parts, weights, variance)];
    }),
  );
}

function mergeNode(
  node: string,
  parts: readonly Moments[],
  weights: readonly number[],
  merge: VarianceMerge,
): Moments {
  const mean = weightedMeanOf(
    parts.map((part) => part.mean),
    weights,
  );
  // The square of each client's distance from the common mean is part of the overall variance.
  const spreads =
    merge === 'mean'
      ? parts.map((part) => part.variance)
      : parts.map((part) =>
          Float64Array.from(part.variance, (own, c) => own + ((part.mean[c] ?? 0) - (mean[c] ?? 0)) ** 2),
        );
  const variance = weightedMeanOf(spreads, weights);
  if (![...mean, ...variance].every(Number.isFinite)) {
    throw new EspalierError('not_finite', `the merged moments of ${node} are not finite`, { node });
  }
  return {
    mean: Float32Array.from(mean),
    variance: Float32Array.from(variance, (value) => Math.max(0, value)),
  };
}

/** Σ w·x / Σ w: divided once at the end, so that clients that agree get exactly their own value. */
function weightedMeanOf(parts: readonly ArrayLike<number>[], weights: readonly number[]): Float64Array {
  const sum = new Float64Array(parts[0]?.length ?? 0);
  for (const [k, part] of parts.entries()) addScaled(sum, part, weights[k] ?? 0);
  const total = weights.reduce((all, weight) => all + weight, 0);
  return sum.map((value) => value / total);
}

function momentsAt(moments: MomentTree, node: string, channels: number): Moments {
  const found = moments.get(node);
  if (found?.mean.length === channels && found.variance.length === channels) return found;
  throw new EspalierError(
    'invalid_params',
    `a report has ${found?.mean.length ?? 'no'} means and ${found?.variance.length ?? 'no'} variances for ${node}, ` +
      `expected ${channels} of both`,
    { node },
  );
}
