import { unreachable, type Footprint, type TrainControl, type Trainer } from '@espalier/core';
import {
  maskOf,
  plainError,
  type Call,
  type CallMessage,
  type CallResults,
  type ThreadMessage,
} from './calls.js';

/** Channel by which the training thread answers. */
export type Tell = (message: ThreadMessage) => void;

/**
 * The training thread's side: makes the trainer, says that it is there or why not, and answers calls.
 * @returns what to give every message to that comes
 */
export async function serveTrainer(
  make: () => Promise<Trainer>,
  tell: Tell,
): Promise<(message: CallMessage) => void> {
  let trainer: Trainer;
  try {
    trainer = await make();
  } catch (thrown) {
    tell({ kind: 'refused', error: plainError(thrown) });
    return () => undefined;
  }
  const desk = new TrainerDesk(trainer, tell);
  const { name, ops, denseFrom } = trainer;
  tell({ kind: 'ready', trainer: { name, ops, denseFrom } });
  return (message) => {
    desk.take(message);
  };
}

class TrainerDesk {
  readonly #trainer: Trainer;
  readonly #tell: Tell;
  /** Trainings that are to end, by id. */
  readonly #aborted = new Set<number>();

  constructor(trainer: Trainer, tell: Tell) {
    this.#trainer = trainer;
    this.#tell = tell;
  }

  take(message: CallMessage): void {
    if (message.kind === 'abort') this.#aborted.add(message.id);
    else void this.#answer(message.id, message.call);
  }

  async #answer(id: number, call: Call): Promise<void> {
    try {
      const value = await this.#perform(id, call);
      this.#tell({ kind: 'result', id, value, footprint: this.#footprint() });
    } catch (thrown) {
      this.#tell({ kind: 'error', id, error: plainError(thrown), footprint: this.#footprint() });
    } finally {
      this.#aborted.delete(id);
    }
  }

  async #perform(id: number, call: Call): Promise<CallResults[Call['name']]> {
    const trainer = this.#trainer;
    switch (call.name) {
      case 'load':
        await trainer.load(call.graph, call.state, call.mask && maskOf(call.mask));
        return undefined;
      case 'train':
        return trainer.train(call.dataset, call.options, {
          signal: this.#signal(id, call.abort),
          ...(call.progress && { onProgress: this.#relayed(id) }),
        });
      case 'gradients':
        return trainer.gradients(call.batch);
      case 'topGradients':
        return trainer.topGradients(call.batch, call.requests);
      case 'batchNormMoments':
        return trainer.batchNormMoments(call.dataset, call.options);
      case 'evaluate':
        return trainer.evaluate(call.dataset, call.options);
      case 'predict':
        return trainer.predict(call.batch);
      default:
        return unreachable(call);
    }
  }

  #relayed(id: number): NonNullable<TrainControl['onProgress']> {
    return (progress) => {
      this.#tell({ kind: 'progress', id, progress });
    };
  }

  #signal(id: number, flag: Int32Array | null): { readonly aborted: boolean } {
    const aborted = this.#aborted;
    return {
      get aborted() {
        return aborted.has(id) || (flag !== null && Atomics.load(flag, 0) === 1);
      },
    };
  }

  /** Null before the first load, when a trainer has no footprint to tell. */
  #footprint(): Footprint | null {
    try {
      return this.#trainer.footprint();
    } catch {
      return null;
    }
  }
}
