import {
  applyMask,
  EspalierError,
  initialState,
  inputShape,
  keptCount,
  Mask,
  maskableSpecs,
  numClasses,
  randomStream,
  shuffled,
  type Dataset,
  type ModelGraph,
  type ModelState,
  type Trainer,
  type TrainOptions,
} from '@espalier/core';
import { measureMachine, type Clock, type MachineRates } from './machine.js';
import type { SparseTrainer } from './sparse-trainer.js';

/** Settings of a measurement. */
export interface EngineBenchOptions {
  readonly graph: ModelGraph;
  /** Active share of every maskable layer, drawn at random; 1 runs the dense path. */
  readonly density: number;
  readonly batch: number;
  /** The engine under test, with as many threads as are to be measured. */
  readonly engine: SparseTrainer;
  /** Measured in turn with the engine, on the same network and data. */
  readonly reference?: Trainer;
  readonly clock: Clock;
  /** Rounds of which the best counts; default 3. */
  readonly rounds?: number;
}

/** Milliseconds a sample. */
export interface Milliseconds {
  readonly forward: number;
  readonly train: number;
}

/** Results of a measurement. */
export interface EngineBenchResult {
  readonly msPerImage: Milliseconds;
  /** Rate of the multiply-adds of the training step: those of active weights, and all of a dense layer's. */
  readonly usefulGflops: number;
  readonly plannedBytes: number;
  readonly allocatedBytes: number;
  readonly machine: MachineRates;
  readonly reference: {
    readonly name: string;
    readonly gflops: number;
    readonly msPerImage: Milliseconds;
  } | null;
  readonly speedup: Milliseconds | null;
}

/** Batches of one round. The first step is not counted; a reference's steps are long, so one more is enough. */
const ENGINE_BATCHES = 5;
const REFERENCE_BATCHES = 2;
const VARIANT_BATCHES = 3;

/** Measures the engine's forward pass and training step, and a reference trainer's between them. */
export async function benchEngine(options: EngineBenchOptions): Promise<EngineBenchResult> {
  const { graph, engine, reference, density, batch, clock, rounds = 3 } = options;
  const { mask, state } = networkAt(graph, density);
  const own = { trainer: engine, dataset: noiseDataset(graph, ENGINE_BATCHES * batch), batch, clock };
  const other = reference && {
    trainer: reference,
    dataset: noiseDataset(graph, REFERENCE_BATCHES * batch),
    batch,
    clock,
  };
  await engine.load(graph, state, mask);
  await reference?.load(graph, state, mask);
  let mine = await timeTrainer(own);
  let theirs = other ? await timeTrainer(other) : null;
  for (let round = 0; round < rounds; round++) {
    mine = lower(mine, await timeTrainer(own));
    if (other && theirs && round < Math.max(1, rounds - 1)) theirs = lower(theirs, await timeTrainer(other));
  }
  const { plannedBytes, allocatedBytes } = engine.memory();
  return {
    msPerImage: mine,
    usefulGflops: gflops(engine, mine.train),
    plannedBytes,
    allocatedBytes,
    machine: await measureMachine(clock),
    reference:
      reference && theirs
        ? { name: reference.name, gflops: gflops(reference, theirs.train), msPerImage: theirs }
        : null,
    speedup: theirs && { forward: theirs.forward / mine.forward, train: theirs.train / mine.train },
  };
}

/** Two ways to run the same network, measured in turn. */
export interface VariantBenchOptions extends Pick<
  EngineBenchOptions,
  'graph' | 'density' | 'batch' | 'clock' | 'rounds'
> {
  readonly variants: readonly [SparseTrainer, SparseTrainer];
}

/** One variant's figures. */
export interface VariantBenchResult {
  readonly msPerImage: Milliseconds;
  readonly plannedBytes: number;
}

/**
 * Measures two engines on one network in turn, the best of several rounds each, so that a busy machine
 * affects both equally.
 */
export async function benchVariants(
  options: VariantBenchOptions,
): Promise<readonly [VariantBenchResult, VariantBenchResult]> {
  const { graph, density, batch, clock, variants, rounds = 3 } = options;
  const { mask, state } = networkAt(graph, density);
  const dataset = noiseDataset(graph, VARIANT_BATCHES * batch);
  for (const trainer of variants) await trainer.load(graph, state, mask);
  const time = (trainer: SparseTrainer) => timeTrainer({ trainer, dataset, batch, clock });
  let first = await time(variants[0]);
  let second = await time(variants[1]);
  for (let round = 1; round < rounds; round++) {
    first = lower(first, await time(variants[0]));
    second = lower(second, await time(variants[1]));
  }
  return [
    { msPerImage: first, plannedBytes: variants[0].memory().plannedBytes },
    { msPerImage: second, plannedBytes: variants[1].memory().plannedBytes },
  ];
}

/** Fresh weights under a random mask of the same density everywhere; 1 means no mask. */
function networkAt(graph: ModelGraph, density: number): { mask: Mask | null; state: ModelState } {
  const mask = density === 1 ? null : uniformMask(graph, density);
  const state = initialState(graph, 1);
  return { mask, state: { ...state, params: applyMask(graph, mask, state.params) } };
}

interface Timed {
  readonly trainer: Trainer;
  readonly dataset: Dataset;
  readonly batch: number;
  readonly clock: Clock;
}

/** The forward pass by a whole evaluation; the training step by the shortest time from one step's end to the next. */
async function timeTrainer({ trainer, dataset, batch, clock }: Timed): Promise<Milliseconds> {
  const samples = dataset.labels.length;
  const options = trainOptions(dataset, batch);
  const start = clock();
  await trainer.evaluate(dataset, { batchSize: batch, normalization: options.normalization });
  const forward = (clock() - start) / samples;
  let shortest = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  const onProgress = (): void => {
    const now = clock();
    shortest = Math.min(shortest, now - last);
    last = now;
  };
  await trainer.train(dataset, options, { onProgress });
  return { forward, train: shortest / batch };
}

function trainOptions({ imageShape }: Dataset, batchSize: number): TrainOptions {
  const channels = imageShape[2];
  return {
    epochs: 1,
    batchSize,
    // Small enough that noise never makes the weights diverge, whatever the number of rounds.
    learningRate: 1e-5,
    optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 },
    normalization: {
      mean: new Array<number>(channels).fill(0.5),
      std: new Array<number>(channels).fill(0.25),
    },
    augmentation: null,
    momentMode: { kind: 'pooled' },
    proximal: 0,
    stream: { seed: 1, purpose: 'bench' },
    topGradients: [],
  };
}

function lower(a: Milliseconds, b: Milliseconds): Milliseconds {
  return { forward: Math.min(a.forward, b.forward), train: Math.min(a.train, b.train) };
}

function gflops(trainer: Trainer, milliseconds: number): number {
  return (2 * trainer.footprint().trainMacsPerSample) / milliseconds / 1e6;
}

/** The same share of every maskable layer, at random. */
function uniformMask(graph: ModelGraph, density: number): Mask {
  return new Mask(
    maskableSpecs(graph).map(({ name, size }) => {
      const order = shuffled(
        Uint32Array.from({ length: size }, (_, i) => i),
        randomStream({ seed: 1, purpose: `bench ${name}` }),
      );
      return { name, size, active: Uint32Array.from(order.slice(0, keptCount(density, size))).sort() };
    }),
  );
}

function noiseDataset(graph: ModelGraph, samples: number): Dataset {
  const [height = 0, width = 0, channels = 0, ...more] = inputShape(graph);
  if (channels === 0 || more.length > 0) {
    throw new EspalierError(
      'invalid_argument',
      `${graph.name} does not take images; the bench needs [height, width, channels]`,
    );
  }
  const stream = randomStream({ seed: 2, purpose: 'bench images' });
  const classes = numClasses(graph);
  return {
    imageShape: [height, width, channels],
    classes: Array.from({ length: classes }, (_, i) => String(i)),
    images: Uint8Array.from({ length: samples * height * width * channels }, () => stream.below(256)),
    labels: Uint16Array.from({ length: samples }, () => stream.below(classes)),
  };
}
