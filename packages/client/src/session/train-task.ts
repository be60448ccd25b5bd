import {
  datasetSize,
  EspalierError,
  packActive,
  trainMacs,
  wholeGradientMacs,
  type ClientMessage,
  type ClientUpdate,
  type Evaluation,
  type ServerMessage,
  type StreamKey,
  type TrainControl,
  type TrainResult,
} from '@espalier/core';
import { receiveModel } from './received-model.js';
import { EVALUATION_BATCH, type ReceivedModel, type TaskContext } from './task-context.js';

type TrainMessage = Extract<ServerMessage, { kind: 'train' }>;

/** One round of local training: the received model in, the difference out. */
export async function trainRound(
  context: TaskContext,
  message: TrainMessage,
  control: TrainControl,
): Promise<ClientMessage> {
  const { job, data, trainer, clock } = context;
  const { round, model, work } = message;
  const started = clock();
  const received = await takeModel(context, model);
  const evaluation = message.evaluate ? await evaluateHeldOut(context) : null;
  const stream = trainStream(context, round);
  const result = await trainer.train(
    data.train,
    { ...work, normalization: job.normalization, stream },
    control,
  );
  const update: ClientUpdate = {
    round,
    maskHash: received.mask.hash,
    delta: difference(context, received, result),
    moments: result.state.moments,
    samples: datasetSize(data.train),
    metrics: {
      loss: result.losses.at(-1) ?? 0,
      steps: result.steps,
      samplesSeen: result.samplesSeen,
      seconds: clock() - started,
      macs: executedMacs(context, message, result),
      peakBytes: trainer.footprint().peakBytes,
      microBatch: result.microBatch,
      backend: trainer.name,
    },
    topGradients: result.topGradients,
    evaluation,
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

/**
 * The steps, and whole gradients of the layers asked for, of the last batch; a trainer that computes all weights anyhow has
 * them already.
 */
function executedMacs(
  { job: { graph }, data, trainer }: TaskContext,
  { work: { batchSize, topGradients } }: TrainMessage,
  { samplesSeen }: TrainResult,
): number {
  const lastBatch = datasetSize(data.train) % batchSize || batchSize;
  const asked = topGradients.map(({ layer }) => layer);
  const executed = samplesSeen * trainer.footprint().trainMacsPerSample + lastBatch * wholeGradientMacs(graph, asked);
  return Math.min(executed, samplesSeen * trainMacs(graph, null).total);
}

/** Random numbers of one client's round: keyed by what it holds, never by its connection. */
function trainStream({ job, partitionIndex }: TaskContext, round: number): StreamKey {
  return { seed: job.seed, purpose: 'train', round, partition: partitionIndex };
}

async function takeModel(context: TaskContext, model: TrainMessage['model']): Promise<ReceivedModel> {
  const { job, trainer, memory } = context;
  const received = receiveModel(job.graph, model, memory.mask);
  memory.mask = received.mask;
  memory.pool = null;
  await trainer.load(job.graph, received, received.mask);
  return received;
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

function difference({ job }: TaskContext, received: ReceivedModel, result: TrainResult): Float32Array {
  const trained = packActive(job.graph, received.mask, result.state.params);
  return trained.map((value, i) => value - (received.values[i] ?? 0));
}
