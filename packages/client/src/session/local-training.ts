import {
  datasetSize,
  packActive,
  readjustMask,
  readjustmentRequests,
  regrowParams,
  splitFraction,
  subset,
  type Dataset,
  type Footprint,
  type Mask,
  type ModelState,
  type StreamKey,
  type TrainControl,
  type TrainOptions,
  type TrainResult,
  type TrainWork,
} from '@espalier/core';
import type { ReceivedModel, TaskContext } from './task-context.js';

/** What a round of training came to on this device. */
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
  const { readjustment, ...rest } = work;
  const options = { ...rest, normalization: context.job.normalization, stream };
  if (readjustment === undefined) return trainPlainly(context, received.mask, options, control);
  return trainReadjusting(context, received, { options, share: readjustment }, control);
}

async function trainPlainly(
  { data, trainer }: TaskContext,
  mask: Mask,
  options: TrainOptions,
  control: TrainControl,
): Promise<LocalTraining> {
  const last = await trainer.train(data.train, options, control);
  return { ...measured(last, trainer.footprint()), state: last.state, mask, last };
}

function measured(
  { steps, samplesSeen }: TrainResult,
  { trainMacsPerSample, peakBytes }: Footprint,
): Pick<LocalTraining, 'steps' | 'samplesSeen' | 'macs' | 'peakBytes'> {
  return { steps, samplesSeen, macs: samplesSeen * trainMacsPerSample, peakBytes };
}

/**
 * FedDST's local readjustment (Bibikar et al., AAAI 2022): after half of the epochs the smallest weights go and those of
 * largest gradient come, at 0; then training goes on under the client's own mask. Of a single epoch, each half has half
 * of the samples.
 */
async function trainReadjusting(
  { job, data, trainer }: TaskContext,
  { mask }: ReceivedModel,
  { options, share }: { readonly options: TrainOptions; readonly share: number },
  control: TrainControl,
): Promise<LocalTraining> {
  const [before, after] = halves(data.train, options);
  const first = await trainer.train(
    before.samples,
    { ...options, epochs: before.epochs, topGradients: readjustmentRequests(mask, share) },
    control,
  );
  const begun = measured(first, trainer.footprint());
  const own = readjustMask(mask, first.state.params, first.topGradients);
  const params = regrowParams(first.state.params, mask, own);
  await trainer.load(job.graph, { params, moments: first.state.moments }, own);
  const stream = { ...options.stream, purpose: `${options.stream.purpose}/readjusted` };
  const last = await trainer.train(after.samples, { ...options, epochs: after.epochs, stream }, control);
  const rest = measured(last, trainer.footprint());
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
