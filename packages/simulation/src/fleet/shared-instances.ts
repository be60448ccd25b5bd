import type { ClientJob, Mask } from '@espalier/core';

/** Masks of a run that clients may still hold: the present one, and those of clients that were not asked for long. */
const KEPT_MASKS = 64;

/** One instance of what all clients of a fleet hold alike, so that a client at rest weighs little. */
export class SharedInstances {
  #job: ClientJob | null = null;
  readonly #masks = new Map<string, Mask>();

  /** The first job seen: a run has one, and its challenge says the same to everybody. */
  job(job: ClientJob): ClientJob {
    this.#job ??= job;
    return this.#job;
  }

  /** An equal mask that was seen before, or this one. */
  mask(mask: Mask): Mask {
    const known = this.#masks.get(mask.hash);
    if (known?.version === mask.version) return known;
    this.#masks.set(mask.hash, mask);
    const [oldest] = this.#masks.keys();
    if (this.#masks.size > KEPT_MASKS && oldest !== undefined) this.#masks.delete(oldest);
    return mask;
  }
}
