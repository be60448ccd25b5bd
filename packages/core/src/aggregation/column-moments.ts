import { EspalierError } from '../errors.js';
import type { MomentReport, VarianceMerge } from '../batchnorm/merge-moments.js';
import type { MomentTree, Moments } from '../params/model-state.js';
import type { ColumnRule } from './column-rule.js';

/**
 * Batch-norm statistics by a rule per channel. μ is the rule over the clients' means; σ² the rule over
 * σ_k² + (μ_k − μ)², which with the weighted mean as the rule are exactly the pooled moments, and with any rule that
 * stays within its values is never below 0. With `mean` in place of `pooled`, σ² is the rule over the σ_k² alone.
 * @throws EspalierError `invalid_argument` without reports; `invalid_params` when reports differ in nodes or channels.
 */
export function columnMoments(
  reports: readonly MomentReport[],
  rule: ColumnRule,
  variance: VarianceMerge = 'pooled',
): MomentTree {
  const [first] = reports;
  if (!first) throw new EspalierError('invalid_argument', 'no reports have no moments');
  const weights = Float64Array.from(reports, ({ samples }) => samples);
  return new Map(
    [...first.moments].map(([node, { mean }]) => {
      const parts = reports.map(({ moments }) => partAt(moments, node, mean.length));
      return [node, foldNode(parts, weights, { rule, spread: variance === 'pooled' ? 1 : 0 })];
    }),
  );
}

function foldNode(
  parts: readonly Moments[],
  weights: Float64Array,
  { rule, spread }: { readonly rule: ColumnRule; readonly spread: 0 | 1 },
): Moments {
  const channels = parts[0]!.mean.length;
  const mean = new Float32Array(channels);
  const variance = new Float32Array(channels);
  const column = new Float64Array(parts.length);
  const scratch = new Float64Array(parts.length);
  for (let c = 0; c < channels; c++) {
    for (const [k, part] of parts.entries()) column[k] = part.mean[c]!;
    const centre = rule(column, weights, scratch);
    for (const [k, part] of parts.entries())
      column[k] = part.variance[c]! + spread * (part.mean[c]! - centre) ** 2;
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
