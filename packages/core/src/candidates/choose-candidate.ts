import type { CoordinateRule } from '../aggregation/coordinate-rule.js';
import { EspalierError } from '../errors.js';
import type { Evaluation } from '../trainer/trainer.js';

/**
 * The candidate with the smallest loss over all clients, L_c = Σ_k loss sum / Σ_k samples (FedTiny's adaptive
 * batch-norm selection, Huang et al. 2023); of equals the first.
 * @param reports per client, in the order of the partition indices, an evaluation of every candidate
 * @param rule in place of that mean, over the clients' mean losses
 * @throws EspalierError `invalid_argument` without reports, candidates or samples, or when clients evaluated different
 * numbers of candidates; `not_finite` when a loss is NaN or infinite.
 */
export function chooseCandidate(
  reports: readonly (readonly Evaluation[])[],
  rule: CoordinateRule | null = null,
): number {
  const losses = candidateLosses(reports, rule);
  const smallest = losses.reduce((least, loss) => Math.min(least, loss), Infinity);
  return losses.indexOf(smallest);
}

/** L_c of every candidate; parameters and errors as for {@link chooseCandidate}. */
export function candidateLosses(
  reports: readonly (readonly Evaluation[])[],
  rule: CoordinateRule | null = null,
): readonly number[] {
  const candidates = reports[0]?.length ?? 0;
  if (candidates === 0) throw new EspalierError('invalid_argument', 'there is no candidate to choose from');
  const stray = reports.find(({ length }) => length !== candidates);
  if (stray !== undefined) {
    throw new EspalierError(
      'invalid_argument',
      `a client evaluated ${stray.length} candidates, another ${candidates}; all must evaluate the same`,
    );
  }
  return Array.from({ length: candidates }, (_, c) =>
    rule === null ? pooledLoss(reports, c) : ruledLoss(reports, c, rule),
  );
}

function pooledLoss(reports: readonly (readonly Evaluation[])[], candidate: number): number {
  let lossSum = 0;
  let samples = 0;
  for (const report of reports) {
    lossSum += report[candidate]!.lossSum;
    samples += report[candidate]!.samples;
  }
  if (!(samples > 0)) {
    throw new EspalierError('invalid_argument', `candidate ${candidate} was evaluated on ${samples} samples`);
  }
  if (Number.isFinite(lossSum)) return lossSum / samples;
  throw new EspalierError('not_finite', `the loss of candidate ${candidate} adds up to ${lossSum}`, {
    candidate,
  });
}

function ruledLoss(
  reports: readonly (readonly Evaluation[])[],
  candidate: number,
  { rule, weighting }: CoordinateRule,
): number {
  const evaluations = reports.map((report) => report[candidate]!);
  if (evaluations.some(({ samples }) => !(samples > 0))) {
    throw new EspalierError('invalid_argument', `candidate ${candidate} was evaluated on no samples`);
  }
  const losses = Float64Array.from(evaluations, ({ lossSum, samples }) => lossSum / samples);
  const weights = Float64Array.from(evaluations, ({ samples }) => (weighting === 'equal' ? 1 : samples));
  const loss = rule(losses, weights, new Float64Array(losses.length));
  if (Number.isFinite(loss)) return loss;
  throw new EspalierError('not_finite', `the losses of candidate ${candidate} give ${loss}`, { candidate });
}
