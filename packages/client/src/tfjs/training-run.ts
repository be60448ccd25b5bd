import {
  batchesPerEpoch,
  datasetSize,
  EspalierError,
  epochBatches,
  epochStream,
  topInactive,
  type Batch,
  type Dataset,
  type TopGradients,
  type TrainControl,
  type TrainOptions,
} from '@espalier/core';
import * as tf from '@tensorflow/tfjs-core';
import { differentiate, positionCounts } from './batch-pass.js';
import type { Breather } from './breathe.js';
import { Extruder } from './extruder.js';
import type { Watch } from './forward.js';
import type { LoadedModel } from './loaded-model.js';
import { createMomentTracker, trackPass, type MomentTracker } from './moment-tracker.js';
import { createOptimizer, type ParameterOptimizer } from './optimizer.js';
import { disposeAll, readFloats } from './tensors.js';

/** Input of a training run. */
export interface TrainingRunInput {
  readonly model: LoadedModel;
  readonly dataset: Dataset;
  readonly options: TrainOptions;
  readonly control: TrainControl;
  readonly watch: Watch;
  readonly breather: Breather;
}

/** One call of `train`: works on copies of the loaded parameters, so that a failed run changes nothing. */
export class TrainingRun {
  readonly losses: number[] = [];
  readonly topGradients: TopGradients[] = [];
  steps = 0;
  samplesSeen = 0;
  /** The parameters as trained so far. */
  readonly params: Map<string, tf.Tensor>;
  readonly tracker: MomentTracker;
  readonly #input: TrainingRunInput;
  readonly #optimizer: ParameterOptimizer;
  #extruder: Extruder | null = null;

  constructor(input: TrainingRunInput) {
    const { model, options } = input;
    this.#input = input;
    this.params = new Map([...model.params].map(([name, tensor]) => [name, tf.clone(tensor)]));
    this.#optimizer = createOptimizer(options.optimizer);
    this.tracker = createMomentTracker(options.momentMode, model.plan.graph, model.momentTree);
  }

  /** Runs every epoch. @throws EspalierError `training_diverged`, `aborted`. */
  async run(): Promise<void> {
    const { model, options } = this.#input;
    if (options.extrusion) this.#extruder = await Extruder.create(model, options.extrusion);
    for (let epoch = 0; epoch < options.epochs; epoch++) await this.#runEpoch(epoch);
  }

  /** Frees the optimiser's state and whatever parameters were not taken over. */
  dispose(): void {
    this.#optimizer.dispose();
    this.#extruder?.dispose();
    disposeAll(this.params);
  }

  async #runEpoch(epoch: number): Promise<void> {
    const { dataset, options, control, breather } = this.#input;
    const { batchSize, normalization, augmentation } = options;
    const shuffle = { key: epochStream(options.stream, epoch), augmentation };
    const batches = batchesPerEpoch(dataset, batchSize);
    this.tracker.beginPass();
    let lossSum = 0;
    let index = 0;
    for (const batch of epochBatches(dataset, { batchSize, normalization, shuffle })) {
      if (control.signal?.aborted === true) throw aborted(epoch, this.steps);
      const lastEpoch = epoch === options.epochs - 1;
      const loss = await this.#step(batch, {
        epoch,
        lastEpoch,
        lastBatch: lastEpoch && index === batches - 1,
      });
      lossSum += loss * batch.size;
      control.onProgress?.({ epoch, batch: index, batches, loss });
      await breather.breathe();
      index++;
    }
    this.losses.push(lossSum / datasetSize(dataset));
    await this.#checkFinite(epoch);
  }

  async #step(batch: Batch, at: StepPlace): Promise<number> {
    const { model, watch } = this.#input;
    if (!batch.images.every(Number.isFinite))
      throw diverged(at.epoch, this.steps, 'the normalised input is not finite');
    this.#optimizer.beginStep(await this.#learningRate());
    const loss = await differentiate({
      plan: model.plan,
      state: { params: this.params, moments: model.moments },
      batch,
      watch,
      beforeBackward: async (value, pass) => {
        if (!Number.isFinite(value)) throw diverged(at.epoch, this.steps, `the loss is ${String(value)}`);
        if (this.#tracks(at)) await trackPass(this.tracker, pass, positionCounts(model.plan, batch));
      },
      sink: async (name, gradient) => {
        if (at.lastBatch) await this.#collect(name, gradient);
        this.#update(name, gradient);
      },
    });
    this.steps++;
    this.samplesSeen += batch.size;
    return loss;
  }

  async #learningRate(): Promise<number> {
    const { dataset, options } = this.#input;
    const { learningRate, epochs, batchSize } = options;
    const steps = epochs * batchesPerEpoch(dataset, batchSize);
    const run = { learningRate, step: this.steps, steps };
    return (await this.#extruder?.begin(this.params, run)) ?? learningRate;
  }

  /** Pooled moments are those of the last epoch; a moving average sees every batch. */
  #tracks({ lastEpoch }: StepPlace): boolean {
    return lastEpoch || this.#input.options.momentMode.kind === 'ema';
  }

  async #collect(name: string, gradient: tf.Tensor): Promise<void> {
    const { model, options } = this.#input;
    const request = options.topGradients.find(({ layer }) => layer === name);
    if (request !== undefined) this.topGradients.push(await topGradientsOf(model, gradient, request));
  }

  #update(name: string, gradient: tf.Tensor): void {
    const weight = this.params.get(name)!;
    const total = this.#totalGradient(name, weight, gradient);
    try {
      this.params.set(name, this.#optimizer.update(name, { weight, gradient: total }));
      weight.dispose();
    } finally {
      total.dispose();
    }
  }

  /** Gradient of loss, weight decay and proximal term, 0 wherever the weight is inactive. */
  #totalGradient(name: string, weight: tf.Tensor, gradient: tf.Tensor): tf.Tensor {
    const { model, options } = this.#input;
    const mask = model.masks.get(name);
    return tf.tidy(() => {
      let total = tf.clone(this.#extruder?.added(name, weight, gradient) ?? gradient);
      const { weightDecay } = options.optimizer;
      if (weightDecay !== 0) total = tf.add(total, tf.mul(weight, weightDecay));
      if (options.proximal !== 0) {
        total = tf.add(total, tf.mul(tf.sub(weight, model.params.get(name)!), options.proximal));
      }
      return mask === undefined ? total : tf.mul(total, mask);
    });
  }

  /** No loss has seen the last step's result, and the wasm library's relu turns NaN into 0, so losses can hide it. */
  async #checkFinite(epoch: number): Promise<void> {
    for (const [name, tensor] of this.params) {
      const values = await readFloats(tensor);
      if (!values.every((value) => Number.isFinite(value))) {
        throw diverged(epoch, this.steps - 1, `${name} is no longer finite`);
      }
    }
  }
}

interface StepPlace {
  readonly epoch: number;
  readonly lastEpoch: boolean;
  readonly lastBatch: boolean;
}

/** The largest gradients of a layer's inactive weights; none without a mask. */
export async function topGradientsOf(
  model: LoadedModel,
  gradient: tf.Tensor,
  { layer, count }: { readonly layer: string; readonly count: number },
): Promise<TopGradients> {
  const layerMask = model.mask?.layer(layer);
  if (layerMask === undefined) return { layer, indices: new Uint32Array(0), values: new Float32Array(0) };
  return { layer, ...topInactive(layerMask, await readFloats(gradient), count) };
}

function aborted(epoch: number, step: number): EspalierError {
  return new EspalierError(
    'aborted',
    `training was stopped in epoch ${String(epoch)} before step ${String(step)}; the loaded state is as it was`,
    { epoch, step },
  );
}

function diverged(epoch: number, step: number, what: string): EspalierError {
  return new EspalierError(
    'training_diverged',
    `${what} in epoch ${String(epoch)}, step ${String(step)} (both from 0); lower the learning rate or check the data`,
    { epoch, step },
  );
}
