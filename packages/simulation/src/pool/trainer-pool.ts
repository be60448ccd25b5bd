import type { Trainer } from '@espalier/core';

/** Few trainers, each on a thread of its own, for many users: whoever comes first is served first. */
export class TrainerPool {
  readonly #trainers: readonly Trainer[];
  readonly #free: Trainer[];
  readonly #waiting: ((trainer: Trainer) => void)[] = [];

  /** @param trainers at least one; equal in name, ops and results */
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

  /** What every trainer of the pool is. */
  get kind(): Pick<Trainer, 'name' | 'ops'> {
    return this.#trainers[0]!;
  }

  /** Runs work on a trainer that nobody else uses meanwhile. The work must load what it needs. */
  async use<T>(work: (trainer: Trainer) => Promise<T>): Promise<T> {
    const trainer = this.#free.pop() ?? (await new Promise<Trainer>((take) => this.#waiting.push(take)));
    try {
      return await work(trainer);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(trainer);
      else this.#free.push(trainer);
    }
  }

  /** Frees every trainer, whatever it is doing. */
  async dispose(): Promise<void> {
    await Promise.all(this.#trainers.map((trainer) => trainer.dispose()));
  }
}
