import { learningRateAt } from '../trainer/learning-rate.js';
import type { Job } from '../job/job.js';
import type { RoundWork } from '../mask-rules/mask-rule.js';
import type { TopGradientRequest } from '../trainer/trainer.js';
import type { TrainWork } from '../trainer/client-update.js';

/** What a round asks of clients besides training. */
export interface RoundRequests extends RoundWork {
  readonly topGradients: readonly TopGradientRequest[];
}

/** What clients are to do in a round. */
export function trainWork(
  job: Job,
  round: number,
  { topGradients, readjustment, extrusion }: RoundRequests,
): TrainWork {
  const { localEpochs, batchSize, optimizer, augmentation, momentMode, proximal } = job;
  return {
    epochs: localEpochs,
    batchSize,
    learningRate: learningRateAt(job.learningRate, round, job.rounds),
    optimizer,
    augmentation,
    momentMode,
    proximal,
    topGradients,
    ...(readjustment === null ? {} : { readjustment }),
    ...(extrusion === null ? {} : { extrusion }),
  };
}
