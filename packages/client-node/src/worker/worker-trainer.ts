import { createRequire } from 'node:module';
import {
  EspalierError,
  type Batch,
  type Dataset,
  type EvaluateOptions,
  type Footprint,
  type Mask,
  type ModelGraph,
  type ModelState,
  type MomentOptions,
  type OpKind,
  type TopGradientRequest,
  type TrainControl,
  type Trainer,
  type TrainOptions,
} from '@espalier/core';
import { plainMask, type CallResults } from './calls.js';
import { ThreadLink, type Introduction } from './thread-link.js';
import type { TrainerSpec } from './trainer-factory.js';

/**
 * A trainer on a thread of its own, so that training never holds up whoever answers pings. Calls, results, progress and
 * abortion cross the thread; inputs are copied.
 * @throws EspalierError `backend_unavailable` when the thread or its trainer cannot be started. When the thread dies
 * later, what is under way and every later call fails with `internal`.
 */
export async function createWorkerTrainer({ spec }: { readonly spec: TrainerSpec }): Promise<Trainer> {
  const link = new ThreadLink(entryFile(), spec);
  try {
    return new WorkerTrainer(link, await link.started);
  } catch (error) {
    await link.close();
    throw error;
  }
}

/** The built entry, by the package's own name: the same from a build, from sources under test, and installed. */
function entryFile(): string {
  return createRequire(import.meta.url).resolve('@espalier/client-node/worker');
}

/** Milliseconds between looks at a caller's abort signal, which cannot tell by itself. */
const ABORT_POLL = 20;

class WorkerTrainer implements Trainer {
  readonly name: string;
  readonly ops: ReadonlySet<OpKind>;
  readonly #link: ThreadLink;

  constructor(link: ThreadLink, { name, ops }: Introduction) {
    this.#link = link;
    this.name = name;
    this.ops = ops;
  }

  load(graph: ModelGraph, state: ModelState, mask: Mask | null): Promise<void> {
    return this.#link.ask({ name: 'load', graph, state, mask: mask && plainMask(mask) });
  }

  async train(
    dataset: Dataset,
    options: TrainOptions,
    control: TrainControl = {},
  ): Promise<CallResults['train']> {
    const abort = new Int32Array(new SharedArrayBuffer(4));
    const look = (): void => {
      if (control.signal?.aborted) Atomics.store(abort, 0, 1);
    };
    look();
    const timer = setInterval(look, ABORT_POLL);
    try {
      return await this.#link.ask({ name: 'train', dataset, options, abort }, control.onProgress);
    } finally {
      clearInterval(timer);
    }
  }

  gradients(batch: Batch): Promise<CallResults['gradients']> {
    return this.#link.ask({ name: 'gradients', batch });
  }

  topGradients(batch: Batch, requests: readonly TopGradientRequest[]): Promise<CallResults['topGradients']> {
    return this.#link.ask({ name: 'topGradients', batch, requests });
  }

  batchNormMoments(dataset: Dataset, options: MomentOptions): Promise<CallResults['batchNormMoments']> {
    return this.#link.ask({ name: 'batchNormMoments', dataset, options });
  }

  evaluate(dataset: Dataset, options: EvaluateOptions): Promise<CallResults['evaluate']> {
    return this.#link.ask({ name: 'evaluate', dataset, options });
  }

  predict(batch: Batch): Promise<CallResults['predict']> {
    return this.#link.ask({ name: 'predict', batch });
  }

  footprint(): Footprint {
    const { footprint } = this.#link;
    if (footprint) return footprint;
    throw new EspalierError(
      'invalid_argument',
      'no network is loaded, so there is no footprint; call load first',
    );
  }

  dispose(): Promise<void> {
    return this.#link.close();
  }
}
