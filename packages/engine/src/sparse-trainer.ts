import {
  checkBatch,
  checkKept,
  checkState,
  checkTopGradientRequests,
  checkTrainable,
  checkTrainOptions,
  datasetSize,
  epochBatches,
  EspalierError,
  type Batch,
  type Dataset,
  type Evaluation,
  type EvaluateOptions,
  type Footprint,
  type Mask,
  type ModelGraph,
  type ModelState,
  type MomentOptions,
  type MomentTree,
  type ParamTree,
  type TopGradientRequest,
  type TopGradients,
  type TrainControl,
  type Trainer,
  type TrainOptions,
  type TrainResult,
} from '@espalier/core';
import { batchSizes, forward, learning, refuseAbove } from './call-requests.js';
import { Call, type CallRequest, type Limits } from './call.js';
import { executedMacs } from './footprint.js';
import { createMomentGatherer } from './moments.js';
import { Network, type NetworkHost } from './network.js';
import { smallestPlan } from './smallest-plan.js';
import type { WorkspaceRequest } from './workspace.js';
import { Breather } from './breather.js';
import { DENSE_FROM } from './plan/store.js';
import { ENGINE_OPS } from './plan/lower.js';
import { trainNetwork } from './train.js';
import { collectGradients, collectTopGradients, prunedKernels, sparseKernels } from './top-gradients.js';
import { engineAvailable } from './wasm/kernels.js';
import { MAX_BYTES } from './wasm/linear-memory.js';
import type { StartEngineThread } from './wasm/runner.js';

/** Use that the engine may make of its host. */
export interface SparseTrainerOptions {
  /** Bytes the trainer may allocate in all; a batch that needs more is trained in parts. Default: 4 GiB. */
  readonly memoryBudget?: number;
  /**
   * Computes a norm's output again in the backward pass instead of keeping it: about a third less memory for a few
   * per cent of the time. Default: true.
   */
  readonly recompute?: boolean;
  /** Threads in all, this one included; more than one needs `startThread` and SharedArrayBuffer. Default: 1. */
  readonly threads?: number;
  /** Starts a worker on this host. Results do not depend on the number of threads. */
  readonly startThread?: StartEngineThread;
  /**
   * Share of kept weights from which on a layer computes with all of them. Change it only for measurements:
   * another value gives other bits. Default: {@link DENSE_FROM}.
   */
  readonly denseFrom?: number;
}

/** A trainer that plans its memory. */
export interface SparseTrainer extends Trainer {
  /** Bytes of the largest plan so far for the loaded network, in whole pages, and bytes allocated: always the same. */
  memory(): { readonly plannedBytes: number; readonly allocatedBytes: number };
}

/**
 * The sparse engine: a {@link Trainer} whose time and memory fall with the density, on any CPU with
 * WebAssembly SIMD.
 * @throws EspalierError `backend_unavailable` when that is missing: use the tfjs trainer instead.
 */
export function createSparseTrainer(options: SparseTrainerOptions = {}): Promise<SparseTrainer> {
  if (!engineAvailable()) {
    const sentence = 'the sparse engine needs WebAssembly SIMD, which this host lacks; use the tfjs trainer';
    return Promise.reject(new EspalierError('backend_unavailable', sentence));
  }
  const { threads = 1, startThread } = options;
  if (!Number.isSafeInteger(threads) || threads < 1 || (threads > 1 && !startThread)) {
    const sentence = `threads is ${threads}; it must be a whole number of at least 1, with startThread above 1`;
    return Promise.reject(new EspalierError('invalid_argument', sentence));
  }
  return Promise.resolve(new EngineTrainer(options));
}

const NOTHING_TO_RUN: WorkspaceRequest = { programs: [], optimizer: 'none', proximal: false };

class EngineTrainer implements SparseTrainer {
  readonly name = 'engine-wasm';
  readonly ops = ENGINE_OPS;
  readonly denseFrom: number;
  readonly #limits: Limits;
  readonly #host: NetworkHost;
  #loaded: { readonly network: Network; state: ModelState } | null = null;
  #peakBytes = 0;
  #tail: Promise<unknown> = Promise.resolve();
  #disposed = false;

  constructor({
    memoryBudget = MAX_BYTES,
    recompute = true,
    threads = 1,
    startThread,
    denseFrom = DENSE_FROM,
  }: SparseTrainerOptions) {
    this.denseFrom = denseFrom;
    this.#host = { threads: startThread && threads > 1 ? { threads, start: startThread } : null, denseFrom };
    this.#limits = { memoryBudget: Math.min(memoryBudget, MAX_BYTES), recompute, denseFrom };
  }

  load(graph: ModelGraph, state: ModelState, mask: Mask | null): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#disposed) throw disposed();
      // Everything that can be refused is refused before the network that is there goes.
      const needed = smallestPlan(graph, mask, this.#limits);
      mask?.checkFits(graph);
      checkState(graph, state);
      refuseAbove(this.#limits.memoryBudget, needed);
      if (this.#loaded?.network.adopt({ graph, state, mask })) {
        this.#loaded = { network: this.#loaded.network, state };
        return;
      }
      await this.#unload();
      const network = await Network.create({ graph, state, mask }, this.#host);
      this.#loaded = { network, state };
      this.#peakBytes = network.plannedBytes(NOTHING_TO_RUN);
    });
  }

  train(dataset: Dataset, options: TrainOptions, control: TrainControl = {}): Promise<TrainResult> {
    return this.#inTurn(async () => {
      const loaded = this.#demand();
      const { network } = loaded;
      checkTrainable(network.graph, dataset);
      checkTrainOptions(network.graph, options);
      const sizes = batchSizes(datasetSize(dataset), options.batchSize);
      const call = this.#open(network, {
        kind: 'learn',
        batchSizes: sizes,
        gradients: { batchSize: sizes.at(-1) ?? 0, kernels: sparseKernels(network, options.topGradients) },
        optimizer: options.optimizer.kind,
        proximal: options.proximal > 0,
      });
      try {
        const result = await trainNetwork({
          network,
          call,
          dataset,
          options,
          control,
          moments: loaded.state.moments,
        });
        loaded.state = result.state;
        network.writeMoments(result.state.moments);
        return result;
      } catch (error) {
        network.writeState(loaded.state);
        throw error;
      }
    });
  }

  gradients(batch: Batch): Promise<{ readonly loss: number; readonly gradients: ParamTree }> {
    return this.#inTurn(() => {
      const { network } = this.#demand();
      checkBatch(network.graph, batch);
      const call = this.#open(network, learning(batch.size, prunedKernels(network)));
      const whole = new Map<string, Float32Array>();
      collectGradients({ network, call, batch, kernels: prunedKernels(network) }, (kernel, values) => {
        whole.set(kernel, values.slice());
      });
      const gradients = network.readGradients();
      for (const [kernel, values] of whole) gradients.set(kernel, values);
      return { loss: network.result().lossSum / batch.size, gradients };
    });
  }

  topGradients(batch: Batch, requests: readonly TopGradientRequest[]): Promise<readonly TopGradients[]> {
    return this.#inTurn(() => {
      const { network } = this.#demand();
      checkBatch(network.graph, batch);
      checkTopGradientRequests(network.graph, requests);
      const kernels = sparseKernels(network, requests);
      const call = this.#open(network, learning(batch.size, kernels));
      return collectTopGradients({ network, call, batch, kernels }, requests);
    });
  }

  batchNormMoments(dataset: Dataset, { batchSize, normalization, mode }: MomentOptions): Promise<MomentTree> {
    return this.#inTurn(async () => {
      const { network, state } = this.#demand();
      checkTrainable(network.graph, dataset);
      if (mode.kind === 'ema') checkKept(mode.momentum);
      const call = this.#open(network, {
        ...forward(batchSizes(datasetSize(dataset), batchSize)),
        kind: 'observe',
      });
      const moments = createMomentGatherer(network.graph, state.moments, mode);
      const breather = this.#breather(network);
      for (let pass = 0; pass < (mode.kind === 'ema' ? mode.passes : 1); pass++) {
        for (const batch of epochBatches(dataset, { batchSize, normalization })) {
          call.run(batch, {
            piece: (piece) => {
              call.gather(moments, piece);
            },
          });
          await breather.breathe(batch.size);
        }
      }
      return moments.result();
    });
  }

  evaluate(dataset: Dataset, { batchSize, normalization }: EvaluateOptions): Promise<Evaluation> {
    return this.#inTurn(async () => {
      const { network } = this.#demand();
      checkTrainable(network.graph, dataset);
      const call = this.#open(network, forward(batchSizes(datasetSize(dataset), batchSize)));
      const breather = this.#breather(network);
      call.begin();
      for (const batch of epochBatches(dataset, { batchSize, normalization })) {
        call.run(batch);
        await breather.breathe(batch.size);
      }
      return { ...network.result(), samples: datasetSize(dataset) };
    });
  }

  predict(batch: Batch): Promise<Float32Array> {
    return this.#inTurn(() => {
      const { network } = this.#demand();
      checkBatch(network.graph, batch);
      const call = this.#open(network, forward([batch.size]));
      const classes = network.model.output.channels;
      const logits = new Float32Array(batch.size * classes);
      let at = 0;
      call.run(batch, {
        piece: ({ program }) => {
          const part = network.logits(program);
          logits.set(part, at);
          at += part.length;
        },
      });
      return logits;
    });
  }

  footprint(): Footprint {
    const { network } = this.#demand();
    return { peakBytes: this.#peakBytes, ...executedMacs(network.store) };
  }

  memory(): { readonly plannedBytes: number; readonly allocatedBytes: number } {
    return { plannedBytes: this.#peakBytes, allocatedBytes: this.#demand().network.memory.bytes };
  }

  dispose(): Promise<void> {
    return this.#inTurn(async () => {
      this.#disposed = true;
      await this.#unload();
    });
  }

  async #unload(): Promise<void> {
    const network = this.#loaded?.network;
    this.#loaded = null;
    await network?.close();
  }

  #open(network: Network, request: CallRequest): Call {
    const call = Call.open(network, request, this.#limits);
    this.#peakBytes = Math.max(this.#peakBytes, call.plannedBytes);
    return call;
  }

  #breather(network: Network): Breather {
    return new Breather(executedMacs(network.store).forwardMacsPerSample);
  }

  #demand(): { readonly network: Network; state: ModelState } {
    if (this.#disposed) throw disposed();
    if (!this.#loaded) throw new EspalierError('invalid_argument', 'no network is loaded; call load first');
    return this.#loaded;
  }

  /** Calls run one at a time, in the order they came. */
  #inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}

function disposed(): EspalierError {
  return new EspalierError('invalid_argument', 'the trainer was disposed of; make another');
}
