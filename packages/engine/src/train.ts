import {
  batchesPerEpoch,
  datasetSize,
  epochBatches,
  epochStream,
  EspalierError,
  type Batch,
  type Dataset,
  type MomentTree,
  type TopGradientRequest,
  type TopGradients,
  type TrainControl,
  type TrainOptions,
  type TrainResult,
} from '@espalier/core';
import { Breather } from './breather.js';
import type { Call, Piece } from './call.js';
import { Extruder } from './extruder.js';
import { executedMacs } from './footprint.js';
import { createMomentGatherer, type MomentGatherer } from './moments.js';
import type { Network } from './network.js';
import { collectTopGradients, sparseKernels } from './top-gradients.js';

/** A training run over an opened call. */
export interface TrainRun {
  readonly network: Network;
  readonly call: Call;
  readonly dataset: Dataset;
  readonly options: TrainOptions;
  readonly control: TrainControl;
  /** The loaded running statistics. */
  readonly moments: MomentTree;
}

/**
 * Trains from the weights in memory.
 * @throws EspalierError `training_diverged` naming the step, `aborted`; the weights in memory are then spoilt.
 */
export async function trainNetwork(run: TrainRun): Promise<TrainResult> {
  const { network, call, dataset, options, control } = run;
  const { epochs, batchSize, normalization, augmentation, stream } = options;
  const batches = batchesPerEpoch(dataset, batchSize);
  const breather = new Breather(executedMacs(network.store).trainMacsPerSample);
  const optimizer = new OptimizerClock(network, options, epochs * batches);
  const losses: number[] = [];
  const moments = createMomentGatherer(network.graph, run.moments, options.momentMode);
  let top: readonly TopGradients[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const last = epoch === epochs - 1;
    const shuffle = { key: epochStream(stream, epoch), augmentation };
    let lossSum = 0;
    let batch = 0;
    for (const data of epochBatches(dataset, { batchSize, normalization, shuffle })) {
      refuseAborted(control, { epoch, step: optimizer.steps });
      const gathers = last || options.momentMode.kind === 'ema' ? moments : null;
      const asked = last && batch === batches - 1 ? options.topGradients : [];
      const { loss, topGradients } = step(run, optimizer, data, { epoch, moments: gathers, asked });
      top = topGradients;
      lossSum += loss * data.size;
      control.onProgress?.({ epoch, batch, batches, loss });
      batch++;
      await breather.breathe(data.size);
    }
    losses.push(lossSum / datasetSize(dataset));
    refuseInfinite(network, { epoch, step: optimizer.steps - 1 });
  }
  return {
    state: network.readState(moments.result()),
    losses,
    steps: optimizer.steps,
    samplesSeen: epochs * datasetSize(dataset),
    microBatch: call.microBatch,
    topGradients: top,
  };
}

interface StepExtras {
  readonly epoch: number;
  readonly moments: MomentGatherer | null;
  readonly asked: readonly TopGradientRequest[];
}

interface StepResult {
  readonly loss: number;
  readonly topGradients: readonly TopGradients[];
}

function step(
  { network, call }: TrainRun,
  optimizer: OptimizerClock,
  batch: Batch,
  { epoch, moments, asked }: StepExtras,
): StepResult {
  const gather = {
    piece: (piece: Piece): void => {
      if (moments) call.gather(moments, piece);
    },
  };
  const kernels = sparseKernels(network, asked);
  const inOnePass = kernels.length > 0 && batch.size <= call.microBatch;
  const topGradients = collectTopGradients(
    { network, call, batch, kernels, ...(inOnePass ? gather : {}) },
    asked,
  );
  if (!inOnePass) {
    call.begin();
    call.run(batch, gather);
  }
  const loss = network.result().lossSum / batch.size;
  if (!Number.isFinite(loss)) throw diverged({ epoch, step: optimizer.steps }, `the loss is ${loss}`);
  optimizer.advance();
  call.update();
  return { loss, topGradients };
}

/** Position in a run: both counted from 0. */
interface Place {
  readonly epoch: number;
  readonly step: number;
}

function refuseAborted({ signal }: TrainControl, { epoch, step }: Place): void {
  if (!signal?.aborted) return;
  const sentence = `training was stopped in epoch ${epoch} before step ${step}; the loaded state is as it was`;
  throw new EspalierError('aborted', sentence, { epoch, step });
}

/** No loss has seen the last step's result. */
function refuseInfinite({ memory, store }: Network, place: Place): void {
  const values = memory.f32(store.values, store.floats);
  if (!values.every((value) => Number.isFinite(value))) throw diverged(place, 'a weight is no longer finite');
}

function diverged({ epoch, step }: Place, what: string): EspalierError {
  return new EspalierError(
    'training_diverged',
    `${what} in epoch ${epoch}, step ${step} (both from 0); lower the learning rate or check the data`,
    { epoch, step },
  );
}

/** Writes the numbers each step's update reads. */
class OptimizerClock {
  steps = 0;
  readonly #network: Network;
  readonly #options: TrainOptions;
  #power1 = 1;
  #power2 = 1;
  readonly #extruder: Extruder | null;
  readonly #budget: number;

  /** @param budget steps of the whole run */
  constructor(network: Network, options: TrainOptions, budget: number) {
    this.#network = network;
    this.#options = options;
    this.#budget = budget;
    this.#extruder = options.extrusion ? new Extruder(network, options.extrusion) : null;
  }

  /** To be called before each update, when the gradients are there. */
  advance(): void {
    const run = { learningRate: this.#options.learningRate, step: this.steps, steps: this.#budget };
    const learningRate = this.#extruder?.press(run) ?? run.learningRate;
    this.steps++;
    const { optimizer, proximal } = this.#options;
    const hyper = this.#network.memory.f32(this.#network.store.hyper, 8);
    if (optimizer.kind === 'sgd') {
      hyper.set([learningRate, optimizer.momentum, optimizer.weightDecay, proximal]);
      return;
    }
    const { beta1, beta2, epsilon, weightDecay } = optimizer;
    this.#power1 *= beta1;
    this.#power2 *= beta2;
    hyper.set([
      learningRate,
      beta1,
      beta2,
      epsilon,
      weightDecay,
      proximal,
      1 - this.#power1,
      1 - this.#power2,
    ]);
  }
}
