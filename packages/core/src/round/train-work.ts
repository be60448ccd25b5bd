import { learningRateAt } from '../trainer/learning-rate.js';
import { measuresMoments, trainingMoments } from '../batchnorm/model-moments.js';
import type { ModelGraph } from '../graph/model-graph.js';
import type { Job } from '../job/job.js';
import type { RoundWork } from '../mask-rules/mask-rule.js';
import type { TopGradientRequest } from '../trainer/trainer.js';
import type { TrainWork } from '../trainer/client-update.js';

/** Requests of a round to clients besides training. */
export interface RoundRequests extends RoundWork {
  readonly topGradients: readonly TopGradientRequest[];
}

/** Samples of a batch when moments are measured: that of an evaluation, whatever the batch of training is. */
const MEASURING_BATCH = 64;

/** Settings for the moments that each client measures. */
export function measurementWork({ momentMode }: Job): {
  readonly batchSize: number;
  readonly samples: number | null;
} {
  return { batchSize: MEASURING_BATCH, samples: momentMode.kind === 'fresh' ? momentMode.samples : null };
}

/** Work of clients in a round. */
export function trainWork(
  { job, graph }: { readonly job: Job; readonly graph: ModelGraph },
  round: number,
  { topGradients, readjustment, extrusion }: RoundRequests,
): TrainWork {
  const { localEpochs, batchSize, optimizer, augmentation, proximal } = job;
  return {
    epochs: localEpochs,
    batchSize,
    learningRate: learningRateAt(job.learningRate, round, job.rounds),
    optimizer,
    augmentation,
    momentMode: measuresMoments(job.momentMode, graph) ? null : trainingMoments(job.momentMode),
    proximal,
    topGradients,
    ...(readjustment === null ? {} : { readjustment }),
    ...(extrusion === null ? {} : { extrusion }),
  };
}
