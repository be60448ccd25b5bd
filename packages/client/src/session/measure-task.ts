import { datasetSize, drawSome, subset, type Dataset } from '@espalier/core';
import type { ClientMessage, ServerMessage } from '@espalier/core/protocol';
import { takeModel } from './take-model.js';
import type { TaskContext } from './task-context.js';

/** Measures the batch-norm moments of the received weights on this client's training samples; the weights stay as they are. */
export async function measureModel(
  context: TaskContext,
  { round, model, batchSize, samples }: Extract<ServerMessage, { kind: 'measure' }>,
): Promise<ClientMessage> {
  const { job, data, trainer, clock, memory } = context;
  const started = clock();
  const { mask, values } = await takeModel(context, model);
  memory.measured = { maskHash: mask.hash, values };
  const measuredOn = someSamples(context, samples);
  const moments = await trainer.batchNormMoments(measuredOn, {
    mode: { kind: 'pooled' },
    batchSize,
    normalization: job.normalization,
  });
  return {
    kind: 'measured',
    measurement: {
      round,
      moments,
      samples: datasetSize(data.train),
      macs: datasetSize(measuredOn) * trainer.footprint().forwardMacsPerSample,
      seconds: clock() - started,
    },
  };
}

/** The same samples in every round, so that moments differ by the weights alone. */
function someSamples({ job, data, partitionIndex }: TaskContext, most: number | null): Dataset {
  const count = datasetSize(data.train);
  if (most === null || most >= count) return data.train;
  const key = { seed: job.seed, purpose: 'moments', partition: partitionIndex };
  return subset(data.train, drawSome(count, most, key));
}
