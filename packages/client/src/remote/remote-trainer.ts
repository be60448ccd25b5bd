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
  type TrainerKind,
  type TrainOptions,
} from '@espalier/core';
import { plainMask, type Call, type CallResults } from './calls.js';
import { ControlRelay } from './control-relay.js';
import { TrainerLink, type TrainerPort } from './trainer-link.js';

/**
 * A trainer on a thread of its own, so that training never holds up the thread that answers pings. Calls,
 * results, progress and abortion cross the thread; inputs are copied.
 * @throws EspalierError `backend_unavailable` when the thread or its trainer cannot be started. When the
 * thread dies later, what is under way and every later call fails with `internal`.
 */
export async function createRemoteTrainer(port: TrainerPort): Promise<Trainer> {
  const link = new TrainerLink(port);
  try {
    return new RemoteTrainer(link, await link.started);
  } catch (error) {
    await link.close();
    throw error;
  }
}

type LoadCall = Extract<Call, { readonly name: 'load' }>;

class RemoteTrainer implements Trainer {
  readonly name: string;
  readonly ops: ReadonlySet<OpKind>;
  readonly denseFrom: number;
  readonly #link: TrainerLink;
  /** Call that restores what the thread had loaded. */
  #loaded: LoadCall | null = null;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(link: TrainerLink, { name, ops, denseFrom }: TrainerKind) {
    this.#link = link;
    this.name = name;
    this.ops = ops;
    this.denseFrom = denseFrom;
  }

  load(graph: ModelGraph, state: ModelState, mask: Mask | null): Promise<void> {
    const call: LoadCall = { name: 'load', graph, state, mask: mask && plainMask(mask) };
    return this.#inTurn(async () => {
      await this.#link.ask(call);
      this.#loaded = call;
    });
  }

  train(dataset: Dataset, options: TrainOptions, control: TrainControl = {}): Promise<CallResults['train']> {
    return this.#inTurn(async () => {
      const relay = new ControlRelay(control);
      try {
        return await this.#train(dataset, options, relay);
      } finally {
        relay.end();
      }
    });
  }

  gradients(batch: Batch): Promise<CallResults['gradients']> {
    return this.#inTurn(() => this.#link.ask({ name: 'gradients', batch }));
  }

  topGradients(batch: Batch, requests: readonly TopGradientRequest[]): Promise<CallResults['topGradients']> {
    return this.#inTurn(() => this.#link.ask({ name: 'topGradients', batch, requests }));
  }

  batchNormMoments(dataset: Dataset, options: MomentOptions): Promise<CallResults['batchNormMoments']> {
    return this.#inTurn(() => this.#link.ask({ name: 'batchNormMoments', dataset, options }));
  }

  evaluate(dataset: Dataset, options: EvaluateOptions): Promise<CallResults['evaluate']> {
    return this.#inTurn(() => this.#link.ask({ name: 'evaluate', dataset, options }));
  }

  predict(batch: Batch): Promise<CallResults['predict']> {
    return this.#inTurn(() => this.#link.ask({ name: 'predict', batch }));
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

  async #train(dataset: Dataset, options: TrainOptions, relay: ControlRelay): Promise<CallResults['train']> {
    const { abort, listens: progress } = relay;
    const asked = this.#link.ask({ name: 'train', dataset, options, abort, progress }, relay);
    const result = await asked.catch((error: unknown) => {
      throw relay.thrown ? relay.thrown.error : error;
    });
    if (relay.thrown) {
      // The last progress came too late to stop the thread, which now has the result loaded.
      if (this.#loaded) await this.#link.ask(this.#loaded);
      throw relay.thrown.error;
    }
    if (this.#loaded) this.#loaded = { ...this.#loaded, state: result.state };
    return result;
  }

  /** One call at a time: what a call leaves behind is settled before the next begins. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
