import type { ColumnRule } from '../aggregation/column-rule.js';
import { EspalierError } from '../errors.js';
import type { AdjustmentSpec } from './adjustment-spec.js';
import type { TopGradients } from '../trainer/trainer.js';

/** One client's largest inactive gradients. */
export interface GradientReport {
  /** Training samples of that client. */
  readonly samples: number;
  readonly topGradients: readonly TopGradients[];
}

/**
 * A mean, or the result of a rule in its place, over clients at the positions that at least one of them
 * reported.
 */
export interface MeanGradient {
  /** Flat indices into the whole layer, ascending. */
  readonly indices: Uint32Array;
  /** In float64, aligned with `indices`. */
  readonly values: Float64Array;
}

/**
 * g̃ = Σ_k p_k g_k per layer, where a position that a client did not report counts as 0 (FedTiny, Huang et
 * al. 2023); p_k is the client's share of samples, or the same for all as in the authors' code. Sums run in
 * float64 in the order of the reports, which must therefore be that of the partition indices.
 * @param rule in place of the mean, over the same columns: one value per client, 0 where it reported none. A
 * position that is reported by too few clients to survive the rule therefore becomes 0, even one that was
 * invented.
 * @throws EspalierError `invalid_argument` without a report, or without a sample to weigh by.
 */
export function meanTopGradients(
  reports: readonly GradientReport[],
  weighting: AdjustmentSpec['gradientWeighting'],
  rule: ColumnRule | null = null,
): ReadonlyMap<string, MeanGradient> {
  const weights = reports.map(({ samples }) => (weighting === 'samples' ? samples : 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0)) {
    throw new EspalierError(
      'invalid_argument',
      `${reports.length} reports of ${total} samples have no mean gradient`,
    );
  }
  if (rule) return ruledGradients(reports, Float64Array.from(weights), rule);
  const sums = new Map<string, Map<number, number>>();
  for (const [i, { topGradients }] of reports.entries()) {
    for (const top of topGradients) addWeighted(layerSum(sums, top.layer), top, weights[i]!);
  }
  return new Map([...sums].map(([layer, sum]) => [layer, divided(sum, total)]));
}

function layerSum(sums: Map<string, Map<number, number>>, layer: string): Map<number, number> {
  const sum = sums.get(layer) ?? new Map<number, number>();
  sums.set(layer, sum);
  return sum;
}

function addWeighted(sum: Map<number, number>, { indices, values }: TopGradients, weight: number): void {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    sum.set(index, (sum.get(index) ?? 0) + weight * values[i]!);
  }
}

function divided(sum: ReadonlyMap<number, number>, total: number): MeanGradient {
  const indices = Uint32Array.from(sum.keys()).sort();
  return { indices, values: Float64Array.from(indices, (index) => sum.get(index)! / total) };
}

function ruledGradients(
  reports: readonly GradientReport[],
  weights: Float64Array,
  rule: ColumnRule,
): ReadonlyMap<string, MeanGradient> {
  const columns = new Map<string, Map<number, Float64Array>>();
  for (const [k, { topGradients }] of reports.entries()) {
    for (const { layer, indices, values } of topGradients) {
      const ofLayer = columns.get(layer) ?? new Map<number, Float64Array>();
      columns.set(layer, ofLayer);
      for (let i = 0; i < indices.length; i++) {
        const column = ofLayer.get(indices[i]!) ?? new Float64Array(reports.length);
        column[k] = values[i]!;
        ofLayer.set(indices[i]!, column);
      }
    }
  }
  const scratch = new Float64Array(reports.length);
  return new Map(
    [...columns].map(([layer, ofLayer]) => {
      const indices = Uint32Array.from(ofLayer.keys()).sort();
      const values = Float64Array.from(indices, (index) => rule(ofLayer.get(index)!, weights, scratch));
      return [layer, { indices, values }];
    }),
  );
}
