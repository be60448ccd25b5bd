import type { LoadedNetwork, GradientAnswer, GradientMemory } from './gradient-memory.js';
import {
  EspalierError,
  type Batch,
  type Dataset,
  type EvaluateOptions,
  type Evaluation,
  type Footprint,
  type Mask,
  type ModelGraph,
  type ModelState,
  type MomentOptions,
  type MomentTree,
  type OpKind,
  type TopGradientRequest,
  type TopGradients,
  type TrainControl,
  type Trainer,
  type TrainOptions,
  type TrainResult,
} from '@espalier/core';
import { sharedParams } from './shared-params.js';
import type { TrainerPool } from './trainer-pool.js';

/** A call about to be made, as far as its cost goes. */
export interface PooledCall {
  readonly network: LoadedNetwork;
  readonly kind: 'train' | 'gradients' | 'forward';
  /** Samples that go through the network, over all passes. */
  readonly samples: number;
  /** Options of a training call; null for other calls. */
  readonly options: TrainOptions | null;
}

/**
 * Estimates a call's work relative to others of the same run: a backward pass costs about two forward ones.
 */
function costOf({ kind, samples }: Pick<PooledCall, 'kind' | 'samples'>): number {
  return kind === 'forward' ? samples : 3 * samples;
}

/** Hook between a call's work and its caller: virtual time passes, or calls are counted. */
export type Pacing = <T>(call: PooledCall, work: Promise<T>) => Promise<T>;

/**
 * One of many trainers over a pool: every call borrows a thread, loads its network there and gives the thread back, so
 * any call runs on any thread. Refusals of a network come with the first call that uses it, not with `load`.
 */
export class PooledTrainer implements Trainer {
  readonly name: string;
  readonly ops: ReadonlySet<OpKind>;
  readonly denseFrom: number;
  readonly #pool: TrainerPool;
  readonly #pace: Pacing;
  readonly #memory: GradientMemory | null;
  #network: LoadedNetwork | null = null;
  #footprint: Footprint | null = null;

  /** @param memory of gradients that others have asked for; null to compute them all */
  constructor(pool: TrainerPool, pace: Pacing = (_, work) => work, memory: GradientMemory | null = null) {
    this.name = pool.kind.name;
    this.ops = pool.kind.ops;
    this.denseFrom = pool.kind.denseFrom;
    this.#pool = pool;
    this.#pace = pace;
    this.#memory = memory;
  }

  load(graph: ModelGraph, state: ModelState, mask: Mask | null): Promise<void> {
    this.#network = { graph, state, mask };
    return Promise.resolve();
  }

  /** Forgets the network; its footprint stays. */
  unload(): void {
    this.#network = null;
  }

  async train(dataset: Dataset, options: TrainOptions, control?: TrainControl): Promise<TrainResult> {
    const samples = dataset.labels.length * options.epochs;
    const result = await this.#call({ kind: 'train', samples, options }, (trainer) =>
      trainer.train(dataset, options, control),
    );
    if (this.#network) this.#network = { ...this.#network, state: result.state };
    return result;
  }

  gradients(batch: Batch): Promise<GradientAnswer> {
    const memory = this.#memory;
    return this.#call(
      { kind: 'gradients', samples: batch.size, options: null },
      (trainer) => trainer.gradients(batch),
      (network, compute) => (memory ? memory.answer(network, batch, compute) : compute()),
    );
  }

  topGradients(batch: Batch, requests: readonly TopGradientRequest[]): Promise<readonly TopGradients[]> {
    return this.#call({ kind: 'gradients', samples: batch.size, options: null }, (trainer) =>
      trainer.topGradients(batch, requests),
    );
  }

  batchNormMoments(dataset: Dataset, options: MomentOptions): Promise<MomentTree> {
    const passes = options.mode.kind === 'ema' ? options.mode.passes : 1;
    return this.#call(
      { kind: 'forward', samples: dataset.labels.length * passes, options: null },
      (trainer) => trainer.batchNormMoments(dataset, options),
    );
  }

  evaluate(dataset: Dataset, options: EvaluateOptions): Promise<Evaluation> {
    return this.#call({ kind: 'forward', samples: dataset.labels.length, options: null }, (trainer) =>
      trainer.evaluate(dataset, options),
    );
  }

  predict(batch: Batch): Promise<Float32Array> {
    return this.#call({ kind: 'forward', samples: batch.size, options: null }, (trainer) =>
      trainer.predict(batch),
    );
  }

  footprint(): Footprint {
    if (this.#footprint) return this.#footprint;
    throw new EspalierError('invalid_argument', 'no network has been used yet, so there is no footprint');
  }

  /** The pool outlives its users. */
  dispose(): Promise<void> {
    this.unload();
    return Promise.resolve();
  }

  #call<T>(
    cost: Omit<PooledCall, 'network'>,
    work: (trainer: Trainer) => Promise<T>,
    ask: (network: LoadedNetwork, compute: () => Promise<T>) => Promise<T> = (_, compute) => compute(),
  ): Promise<T> {
    const network = this.#network;
    if (network === null) {
      return Promise.reject(
        new EspalierError('invalid_argument', 'no network is loaded; call load before using a trainer'),
      );
    }
    const compute = (): Promise<T> =>
      this.#pool.use(async (trainer) => {
        const { graph, state, mask } = network;
        await trainer.load(graph, { ...state, params: sharedParams(state.params) }, mask);
        const result = await work(trainer);
        this.#footprint = trainer.footprint();
        return result;
      }, costOf(cost));
    return this.#pace({ ...cost, network }, ask(network, compute));
  }
}
