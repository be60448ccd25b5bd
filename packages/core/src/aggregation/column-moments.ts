import { EspalierError } from '../errors.js';
import type { MomentReport } from '../batchnorm/merge-moments.js';
import type { MomentTree, Moments } from '../params/model-state.js';
import type { ColumnRule } from './fold-columns.js';

/**
 * Batch-norm statistics by a rule per channel. μ is the rule over the clients' means; σ² the rule over
 * σ_k² + (μ_k − μ)², which with the weighted mean as the rule are exactly the pooled moments, and with any rule that
 * stays within its values is never below 0.
 * @throws EspalierError `invalid_argument` without reports; `invalid_params` when reports differ in nodes or channels.
 */
export function columnMoments(reports: readonly MomentReport[], rule: ColumnRule): MomentTree {
  const [first] = reports;
  if (!first) throw new EspalierError('invalid_argument', 'no reports have no moments');
  const weights = Float64Array.from(reports, ({ samples }) => samples);
  return new Map(
    [...first.moments].map(([node, { mean }]) => {
      const parts = reports.map(({ moments }) => partAt(moments, node, mean.length));
      return [node, foldNode(parts, weights, rule)];
    }),
  );
}

function foldNode(parts: readonly Moments[], weights: Float64Array, rule: ColumnRule): Moments {
  const channels = parts[0]!.mean.length;
  const mean = new Float32Array(channels);
  const variance = new Float32Array(channels);
  const column = new Float64Array(parts.length);
  const scratch = new Float64Array(parts.length);
  for (let c = 0; c < channels; c++) {
    for (const [k, part] of parts.entries()) column[k] = part.mean[c]!;
    const centre = rule(column, weights, scratch);
    for (const [k, part] of parts.entries()) column[k] = part.variance[c]! + (part.mean[c]! - centre) ** 2;
    mean[c] = centre;
    variance[c] = rule(column, weights, scratch);
  }
  return { mean, variance };
}

function partAt(moments: MomentTree, node: string, channels: number): Moments {
  const found = moments.get(node);
  if (found?.mean.length === channels && found.variance.length === channels) return found;
  throw new EspalierError('invalid_params', `a report has no ${channels} means and variances for ${node}`, {
    node,
  });
}
