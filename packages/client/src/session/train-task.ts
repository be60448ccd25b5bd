import {
  datasetSize,
  EspalierError,
  type ClientUpdate,
  type Evaluation,
  type StreamKey,
  type TrainControl,
} from '@espalier/core';
import type { ClientMessage, ServerMessage } from '@espalier/core/protocol';
import { ownMaskOf } from '@espalier/core/round';
import { trainedDifference, trainLocally } from './local-training.js';
import { takeModel } from './take-model.js';
import { EVALUATION_BATCH, type TaskContext } from './task-context.js';

type TrainMessage = Extract<ServerMessage, { kind: 'train' }>;

/** One round of local training: the received model in, the difference out. */
export async function trainRound(
  context: TaskContext,
  message: TrainMessage,
  control: TrainControl,
): Promise<ClientMessage> {
  const { data, trainer, clock } = context;
  const { round, model, work } = message;
  const started = clock();
  const received = await takeModel(context, model);
  const evaluation = message.evaluate ? await evaluateHeldOut(context) : null;
  const stream = trainStream(context, round);
  const trained = await trainLocally(context, received, { work, stream }, control);
  const { last } = trained;
  const update: ClientUpdate = {
    round,
    maskHash: received.mask.hash,
    delta: trainedDifference(context, received, trained),
    moments: work.momentMode === null ? null : trained.state.moments,
    samples: datasetSize(data.train),
    metrics: {
      loss: last.losses.at(-1) ?? 0,
      steps: trained.steps,
      samplesSeen: trained.samplesSeen,
      seconds: clock() - started,
      macs: trained.macs,
      peakBytes: trained.peakBytes,
      microBatch: last.microBatch,
      backend: trainer.name,
    },
    topGradients: last.topGradients,
    evaluation,
    ...(work.readjustment === undefined ? {} : { ownMask: ownMaskOf(received.mask, trained.mask) }),
  };
  return { kind: 'update', update };
}

/** The final model, evaluated on what this client held out. */
export async function evaluateFinal(
  context: TaskContext,
  message: Extract<ServerMessage, { kind: 'finish' }>,
): Promise<ClientMessage> {
  context.memory.final = await takeModel(context, message.model);
  return { kind: 'evaluation', round: message.round, evaluation: await evaluateHeldOut(context) };
}

/** Random numbers of one client's round: keyed by what it holds, never by its connection. */
function trainStream({ job, partitionIndex }: TaskContext, round: number): StreamKey {
  return { seed: job.seed, purpose: 'train', round, partition: partitionIndex };
}

async function evaluateHeldOut({ job, data, trainer }: TaskContext): Promise<Evaluation> {
  if (data.evaluation === null) {
    throw new EspalierError(
      'invalid_data',
      'the coordinator asks for an evaluation, but no samples were held out here',
    );
  }
  return trainer.evaluate(data.evaluation, { batchSize: EVALUATION_BATCH, normalization: job.normalization });
}
