import { checkGradientReport } from '../adjustment/check-report.js';
import { EspalierError } from '../errors.js';
import { firstNotFinite } from '../params/finite.js';
import { followOwnMask } from '../adjustment/readjust-mask.js';
import { momentSpecs } from '../graph/parameters.js';
import { packedLength } from '../params/pack.js';
import type { ClientUpdate, Measurement } from '../trainer/client-update.js';
import type { Evaluation, TopGradientRequest } from '../trainer/trainer.js';
import type { Mask } from '../mask/mask.js';
import type { MomentTree } from '../params/model-state.js';
import type { ModelGraph } from '../graph/model-graph.js';
import type { GlobalModel } from './global-model.js';
import type { CandidateStatistics } from '../candidates/select-candidate.js';

/** Properties that an update of the open round must have. */
export interface UpdateExpectation {
  readonly model: GlobalModel;
  /** Declared at join. */
  readonly samples: number;
  readonly topGradients: readonly TopGradientRequest[];
  /** Share of every layer's weights that the client exchanges in a mask of its own; null for none. */
  readonly readjustment: number | null;
  /** True when it must carry moments; false when it must carry none. */
  readonly moments: boolean;
  readonly evaluation: boolean;
}

/**
 * Checks everything in an update before it is accepted. Its values are finite: decoding refuses all others.
 * @throws EspalierError `mask_mismatch`, `invalid_mask`, `wrong_length`, `not_finite` or `invalid_data`,
 * saying what was received and what was expected.
 */
export function checkUpdate(update: ClientUpdate, expected: UpdateExpectation): void {
  const { mask, graph } = expected.model;
  if (update.maskHash !== mask.hash) {
    throw new EspalierError(
      'mask_mismatch',
      `the update was trained under mask ${update.maskHash}, round ${update.round} has ${mask.hash}: ask for the mask`,
      { round: update.round },
    );
  }
  checkLength('values', update.delta.length, packedLength(graph, trainedMask(update, expected)));
  if (expected.moments !== (update.moments !== null)) {
    throw new EspalierError(
      'invalid_data',
      `batch-norm moments were ${expected.moments ? 'asked for' : 'not asked for'}`,
    );
  }
  if (update.moments) checkMoments(graph, update.moments);
  checkSamples('update', update.samples, expected.samples);
  checkGradientReport(mask, expected.topGradients, update.topGradients);
  if (expected.evaluation !== (update.evaluation !== null)) {
    throw new EspalierError(
      'invalid_data',
      `an evaluation was ${expected.evaluation ? 'asked for' : 'not asked for'}`,
    );
  }
  if (update.evaluation) checkEvaluation(update.evaluation);
}

/** The mask that the update ends under. @throws EspalierError `invalid_data`, `invalid_mask`. */
function trainedMask({ ownMask }: ClientUpdate, { model, readjustment }: UpdateExpectation): Mask {
  if ((ownMask !== undefined) !== (readjustment !== null)) {
    throw new EspalierError(
      'invalid_data',
      `a mask of the client's own was ${readjustment === null ? 'not asked for' : 'asked for'}`,
    );
  }
  return ownMask && readjustment !== null ? followOwnMask(model.mask, ownMask, readjustment) : model.mask;
}

/**
 * Checks a client's measurement of the open round's model.
 * @param samples declared at join
 * @throws EspalierError as {@link checkUpdate}.
 */
export function checkMeasurement(graph: ModelGraph, measurement: Measurement, samples: number): void {
  checkMoments(graph, measurement.moments);
  checkSamples('measurement', measurement.samples, samples);
}

/** One set of moments per candidate. @throws EspalierError as {@link checkUpdate}. */
export function checkCandidateMoments(
  graph: ModelGraph,
  { candidates, samples }: CandidateStatistics,
  expected: number,
): void {
  if (samples < 1) throw new EspalierError('invalid_data', `statistics of ${samples} samples`);
  checkLength('candidates', candidates.length, expected);
  for (const moments of candidates) checkMoments(graph, moments);
}

/** One evaluation per candidate, all over the same samples. @throws EspalierError as {@link checkUpdate}. */
export function checkCandidateLosses(candidates: readonly Evaluation[], expected: number): void {
  checkLength('candidates', candidates.length, expected);
  for (const evaluation of candidates) checkEvaluation(evaluation);
}

/** @throws EspalierError `not_finite` or `invalid_data`. */
export function checkEvaluation({ lossSum, correct, samples }: Evaluation): void {
  if (!Number.isFinite(lossSum))
    throw new EspalierError('not_finite', 'the evaluation has a loss that is not finite');
  if (samples < 1 || correct < 0 || correct > samples) {
    throw new EspalierError('invalid_data', `the evaluation has ${correct} correct of ${samples} samples`);
  }
}

function checkMoments(graph: ModelGraph, moments: MomentTree): void {
  const specs = momentSpecs(graph);
  checkLength('batch-norm nodes', moments.size, specs.length);
  for (const { node, channels } of specs) {
    const { mean, variance } = moments.get(node) ?? { mean: NONE, variance: NONE };
    checkLength(`${node} means`, mean.length, channels);
    checkLength(`${node} variances`, variance.length, channels);
    checkFinite(`${node} means`, mean);
    checkFinite(`${node} variances`, variance);
    if (variance.some((value) => value < 0)) {
      throw new EspalierError('invalid_data', `${node} has a negative variance; a variance is at least 0`);
    }
  }
}

function checkSamples(what: string, claimed: number, joined: number): void {
  if (claimed === joined) return;
  throw new EspalierError(
    'invalid_data',
    `the ${what} claims ${claimed} samples, the client joined with ${joined}`,
  );
}

const NONE = new Float32Array();

function checkLength(what: string, came: number, expected: number): void {
  if (came !== expected)
    throw new EspalierError('wrong_length', `${what}: ${came} came, expected ${expected}`);
}

function checkFinite(what: string, values: Float32Array): void {
  const at = firstNotFinite(values);
  if (at < 0) return;
  throw new EspalierError('not_finite', `${what}: value ${at} is ${String(values[at])}; drop the update`);
}
