import type { Mask } from '@espalier/core';
import type { ClientJob, ServerMessage } from '@espalier/core/protocol';
import { GradientMemory } from '../pool/gradient-memory.js';

/** Masks of a run that clients may still hold: the present one, and those of clients that were not asked for long. */
const KEPT_MASKS = 64;

/** Messages kept as read: a round sends a cohort few different ones. */
const KEPT_MESSAGES = 4;

/** One instance of what all clients of a fleet hold alike, so that a client at rest weighs little. */
export class SharedInstances {
  /** Gradients of the canary. */
  readonly gradients = new GradientMemory();
  #job: ClientJob | null = null;
  readonly #masks = new Map<string, Mask>();
  readonly #messages = new Map<string, ServerMessage>();

  /** The first job seen: a run has one, and its challenge says the same to everybody. */
  job(job: ClientJob): ClientJob {
    this.#job ??= job;
    return this.#job;
  }

  /** The message read from bytes of that SHA-256 not long ago, else what `read` gives. */
  message(sha256: Uint8Array, read: () => ServerMessage): ServerMessage {
    const key = String.fromCharCode(...sha256);
    const known = this.#messages.get(key);
    if (known) return known;
    const message = read();
    this.#messages.set(key, message);
    const [oldest] = this.#messages.keys();
    if (this.#messages.size > KEPT_MESSAGES && oldest !== undefined) this.#messages.delete(oldest);
    return message;
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
