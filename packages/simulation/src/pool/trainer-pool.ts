import type { Trainer, TrainerKind } from '@espalier/core';

/** Somebody who waits for a trainer. */
interface Waiting {
  readonly cost: number;
  readonly take: (trainer: Trainer) => void;
}

/**
 * Few trainers, each on a thread of its own, for many users. Of those who wait the one with the most work comes first, so
 * that no trainer is left with it when the others are done (Graham, "Bounds on multiprocessing timing anomalies", 1969);
 * of equals, who came first.
 */
export class TrainerPool {
  readonly #trainers: readonly Trainer[];
  readonly #free: Trainer[];
  readonly #waiting: Waiting[] = [];

  /** @param trainers at least one; of one kind, equal in results */
  constructor(trainers: readonly Trainer[]) {
    this.#trainers = trainers;
    this.#free = [...trainers];
  }

  /** A pool of that many trainers. @throws EspalierError `backend_unavailable`. */
  static async open(size: number, make: () => Promise<Trainer>): Promise<TrainerPool> {
    return new TrainerPool(await Promise.all(Array.from({ length: size }, make)));
  }

  get size(): number {
    return this.#trainers.length;
  }

  /** Kind of every trainer in the pool. */
  get kind(): TrainerKind {
    return this.#trainers[0]!;
  }

  /**
   * Runs work on a trainer that nobody else uses meanwhile. The work must load what it needs.
   * @param cost how much work it is, in any unit
   */
  async use<T>(work: (trainer: Trainer) => Promise<T>, cost = 0): Promise<T> {
    const trainer =
      this.#free.pop() ?? (await new Promise<Trainer>((take) => this.#waiting.push({ cost, take })));
    try {
      return await work(trainer);
    } finally {
      const next = this.#largest();
      if (next) next.take(trainer);
      else this.#free.push(trainer);
    }
  }

  /** Takes the caller with the most work out of the queue. */
  #largest(): Waiting | undefined {
    const most = this.#waiting.reduce((at, { cost }, i, all) => (cost > all[at]!.cost ? i : at), 0);
    return this.#waiting.splice(most, 1)[0];
  }

  /** Frees every trainer, whatever it is doing. */
  async dispose(): Promise<void> {
    await Promise.all(this.#trainers.map((trainer) => trainer.dispose()));
  }
}
