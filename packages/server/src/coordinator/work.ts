import {
  cos,
  measuresMoments,
  trainingMoments,
  unreachable,
  type Job,
  type LearningRateSpec,
  type ModelGraph,
  type RoundWork,
  type TopGradientRequest,
  type TrainWork,
} from '@espalier/core';

/** Learning rate of a round, 0 ≤ round < rounds. Cosine: half a period from `initial` to `final`. */
export function learningRateAt(spec: LearningRateSpec, round: number, rounds: number): number {
  switch (spec.kind) {
    case 'constant':
      return spec.initial;
    case 'cosine':
      return (
        spec.final +
        0.5 * (spec.initial - spec.final) * (1 + cos((Math.PI * round) / Math.max(1, rounds - 1)))
      );
    default:
      return unreachable(spec);
  }
}

/** What a round asks of clients besides training. */
export interface RoundWishes extends RoundWork {
  readonly topGradients: readonly TopGradientRequest[];
}

/** Samples of a batch when moments are measured: as many as when a model is evaluated under them. */
const MEASURING_BATCH = 64;

/** What a measurement of moments takes of each client. */
export function measurementWork({ momentMode }: Job): {
  readonly batchSize: number;
  readonly samples: number | null;
} {
  return { batchSize: MEASURING_BATCH, samples: momentMode.kind === 'fresh' ? momentMode.samples : null };
}

/** What clients are to do in a round. */
export function trainWork(
  { job, graph }: { readonly job: Job; readonly graph: ModelGraph },
  round: number,
  { topGradients, readjustment, extrusion }: RoundWishes,
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
