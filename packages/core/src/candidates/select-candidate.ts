import { candidateLosses, chooseCandidate } from './choose-candidate.js';
import { columnMoments } from '../aggregation/column-moments.js';
import { mergeMoments } from '../batchnorm/merge-moments.js';
import type { AggregationSpec } from '../aggregation/aggregation-spec.js';
import { coordinateRule, type CoordinateRule } from '../aggregation/coordinate-rule.js';
import { aggregatorNamed } from '../aggregation/registry.js';
import type { Evaluation, MomentMode } from '../trainer/trainer.js';
import type { Measurement } from '../trainer/client-update.js';
import type { MomentTree } from '../params/model-state.js';
import type { NestedPool } from './nested-pool.js';
import type { SelectionFigures } from './selection-figures.js';

/** One client's statistics of every candidate, over its development samples. */
export interface CandidateStatistics {
  readonly candidates: readonly MomentTree[];
  readonly samples: number;
}

/**
 * Merged statistics per candidate (FedTiny, S4), weighted by development samples; clients in partition order. Exact
 * pooled moments, or with moving averages the plain weighted means that FedTiny's code intends; by the job's rule where
 * that looks at coordinates one by one.
 */
export function mergeCandidates(
  reports: readonly CandidateStatistics[],
  mode: MomentMode,
  rule: CoordinateRule | null,
): readonly MomentTree[] {
  const count = reports[0]?.candidates.length ?? 0;
  const variance = mode.kind === 'ema' ? 'mean' : 'pooled';
  return Array.from({ length: count }, (_, c) => {
    const parts = reports.flatMap(({ candidates, samples }) => {
      const moments = candidates[c];
      return moments ? [{ moments, samples: rule?.weighting === 'equal' ? 1 : samples }] : [];
    });
    return rule ? columnMoments(parts, rule.rule, variance) : mergeMoments(parts, variance);
  });
}

/**
 * Moments of one model over the clients that measured them: exact pooled ones, or by the job's rule if that
 * treats coordinates one by one. Null if no client measured, or fewer than the rule needs for the resistance
 * it promises.
 * @param asked clients that were asked to measure
 */
export function mergeMeasurements(
  measurements: readonly Measurement[],
  aggregation: AggregationSpec,
  asked: number,
): MomentTree | null {
  const rule = coordinateRule(aggregation, asked);
  const resistance = aggregatorNamed(aggregation.kind).resistance?.(aggregation.options, asked);
  if (rule !== null && measurements.length < (resistance?.fewest ?? 1)) return null;
  const reports = measurements.map(({ moments, samples }) => ({ candidates: [moments], samples }));
  return mergeCandidates(reports, { kind: 'pooled' }, rule)[0] ?? null;
}

/** The candidate with the smallest loss over the clients (FedTiny, S6), and how all of them did. */
export function selectCandidate(
  pool: NestedPool,
  reports: readonly (readonly Evaluation[])[],
  rule: CoordinateRule | null,
): SelectionFigures {
  const size = pool.union.reduce((sum, layer) => sum + layer.size, 0);
  const pooled = pool.counts.map((_, c) => pooledEvaluation(reports, c));
  return {
    chosen: chooseCandidate(reports, rule),
    losses: candidateLosses(reports, rule),
    accuracies: pooled.map(({ correct, samples }) => correct / samples),
    densities: pool.counts.map((counts) => counts.reduce((sum, count) => sum + count, 0) / size),
  };
}

function pooledEvaluation(reports: readonly (readonly Evaluation[])[], candidate: number): Evaluation {
  return addEvaluations(reports.flatMap((report) => report[candidate] ?? []));
}

/** Evaluations of one model over several clients, added up. */
export function addEvaluations(evaluations: readonly Evaluation[]): Evaluation {
  return evaluations.reduce(
    (sum, one) => ({
      lossSum: sum.lossSum + one.lossSum,
      correct: sum.correct + one.correct,
      samples: sum.samples + one.samples,
    }),
    { lossSum: 0, correct: 0, samples: 0 },
  );
}
