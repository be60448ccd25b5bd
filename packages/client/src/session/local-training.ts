import {
  datasetSize,
  packActive,
  splitFraction,
  subset,
  type Dataset,
  type Mask,
  type ModelState,
  type StreamKey,
  type TrainControl,
  type TrainOptions,
  type TrainResult,
  type TrainWork,
} from '@espalier/core';
import { trainMacs, wholeGradientMacs } from '@espalier/core/report';
import { readjustMask, readjustmentRequests, regrowParams } from '@espalier/core/round';
import type { ReceivedModel, TaskContext } from './task-context.js';

/** Result of a round of training on this device. */
export interface LocalTraining {
  readonly state: ModelState;
  /** The mask it ended under: the received one, unless a readjustment was asked for. */
  readonly mask: Mask;
  readonly last: TrainResult;
  readonly steps: number;
  readonly samplesSeen: number;
  /** Multiply-accumulates executed. */
  readonly macs: number;
  /** Most that the trainer has held. */
  readonly peakBytes: number;
}

/** Trains the loaded network as the round asks. */
export function trainLocally(
  context: TaskContext,
  received: ReceivedModel,
  { work, stream }: { readonly work: TrainWork; readonly stream: StreamKey },
  control: TrainControl,
): Promise<LocalTraining> {
  const { readjustment, momentMode, ...rest } = work;
  const options = {
    ...rest,
    // Training gathers them anyhow; where they are not asked for nobody looks at them.
    momentMode: momentMode ?? ({ kind: 'pooled' } as const),
    normalization: context.job.normalization,
    stream,
  };
  if (readjustment === undefined) return trainPlainly(context, received.mask, options, control);
  return trainReadjusting(context, received, { options, share: readjustment }, control);
}

async function trainPlainly(
  context: TaskContext,
  mask: Mask,
  options: TrainOptions,
  control: TrainControl,
): Promise<LocalTraining> {
  const { data, trainer } = context;
  const last = await trainer.train(data.train, options, control);
  return { ...measured(context, { samples: data.train, options }, last), state: last.state, mask, last };
}

/** Input of a training call. */
interface Training {
  readonly samples: Dataset;
  readonly options: TrainOptions;
}

function measured(
  { job: { graph }, trainer }: TaskContext,
  { samples, options: { batchSize, topGradients } }: Training,
  { steps, samplesSeen }: TrainResult,
): Pick<LocalTraining, 'steps' | 'samplesSeen' | 'macs' | 'peakBytes'> {
  const { trainMacsPerSample, peakBytes } = trainer.footprint();
  const lastBatch = datasetSize(samples) % batchSize || batchSize;
  const asked = topGradients.map(({ layer }) => layer);
  // Besides the steps, whole gradients of the layers asked for, of the last batch.
  const executed = samplesSeen * trainMacsPerSample + lastBatch * wholeGradientMacs(graph, asked);
  // A trainer that computes all weights anyhow has those already.
  const macs = Math.min(executed, samplesSeen * trainMacs(graph, null).total);
  return { steps, samplesSeen, macs, peakBytes };
}

/**
 * FedDST's local readjustment (Bibikar et al., AAAI 2022): after half of the epochs the smallest weights go and those of
 * largest gradient come, at 0; then training goes on under the client's own mask. Of a single epoch, each half has half
 * of the samples.
 */
async function trainReadjusting(
  context: TaskContext,
  { mask }: ReceivedModel,
  { options, share }: { readonly options: TrainOptions; readonly share: number },
  control: TrainControl,
): Promise<LocalTraining> {
  const { job, data, trainer } = context;
  const [before, after] = halves(data.train, options);
  const topGradients = readjustmentRequests(mask, share);
  const asking = { samples: before.samples, options: { ...options, epochs: before.epochs, topGradients } };
  const first = await trainer.train(asking.samples, asking.options, control);
  const begun = measured(context, asking, first);
  const own = readjustMask(mask, first.state.params, first.topGradients);
  const params = regrowParams(first.state.params, mask, own);
  await trainer.load(job.graph, { params, moments: first.state.moments }, own);
  const stream = { ...options.stream, purpose: `${options.stream.purpose}/readjusted` };
  const going = { samples: after.samples, options: { ...options, epochs: after.epochs, stream } };
  const last = await trainer.train(going.samples, going.options, control);
  const rest = measured(context, going, last);
  return {
    state: last.state,
    mask: own,
    last,
    steps: begun.steps + rest.steps,
    samplesSeen: begun.samplesSeen + rest.samplesSeen,
    macs: begun.macs + rest.macs,
    peakBytes: Math.max(begun.peakBytes, rest.peakBytes),
  };
}

interface Half {
  readonly samples: Dataset;
  readonly epochs: number;
}

function halves(data: Dataset, { epochs, stream }: TrainOptions): readonly [Half, Half] {
  const half = Math.floor(epochs / 2);
  if (half > 0)
    return [
      { samples: data, epochs: epochs - half },
      { samples: data, epochs: half },
    ];
  const count = datasetSize(data);
  if (count < 2)
    return [
      { samples: data, epochs },
      { samples: data, epochs },
    ];
  const { first, rest } = splitFraction(count, 0.5, { ...stream, purpose: `${stream.purpose}/halves` });
  return [
    { samples: subset(data, first), epochs },
    { samples: subset(data, rest), epochs },
  ];
}

/** Trained minus received values in the order of the mask that training ended under; grown weights began at 0. */
export function trainedDifference(
  { job }: TaskContext,
  received: ReceivedModel,
  { state, mask }: LocalTraining,
): Float32Array {
  const trained = packActive(job.graph, mask, state.params);
  const began = mask === received.mask ? received.values : packActive(job.graph, mask, received.params);
  return trained.map((value, i) => value - (began[i] ?? 0));
}
