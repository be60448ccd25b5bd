import { ln, type RandomStream } from '@espalier/core';
import type { Timeline } from '../timeline/timeline.js';
import type { Device } from '../devices/device.js';

/** Seconds that a device stays away after a drop-out where its profile has no spells of its own. */
const REJOIN_SECONDS = 60;

/**
 * When a device is there: spells of exponentially distributed lengths that take turns (a two-state Markov process, as
 * fitted to phones' charging traces). It begins in the state and at the place in it that such a process is found in.
 */
export class Availability {
  readonly #timeline: Timeline;
  readonly #spells: Device['availability'];
  readonly #stream: RandomStream;
  readonly #onLeave: () => void;
  #isThere = true;
  #cancel: () => void = () => undefined;
  #waiting: (() => void)[] = [];

  /** @param onLeave called when the device goes away */
  constructor(timeline: Timeline, spells: Device['availability'], stream: RandomStream, onLeave: () => void) {
    this.#timeline = timeline;
    this.#spells = spells;
    this.#stream = stream;
    this.#onLeave = onLeave;
    if (spells === null) return;
    const { onSeconds, offSeconds } = spells;
    this.#isThere = stream.uniform() < onSeconds / (onSeconds + offSeconds);
    this.#plan();
  }

  /** Resolves when the device is there. */
  there(): Promise<void> {
    if (this.#isThere) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Goes away now, whatever its spells say; it comes back after a spell. */
  leave(): void {
    if (!this.#isThere) return;
    this.#cancel();
    this.#change();
  }

  /** Nothing is planned any more. */
  end(): void {
    this.#cancel();
  }

  #change(): void {
    this.#isThere = !this.#isThere;
    this.#plan();
    if (this.#isThere) for (const resume of this.#waiting.splice(0)) resume();
    else this.#onLeave();
  }

  #plan(): void {
    const mean = this.#isThere ? this.#spells?.onSeconds : (this.#spells?.offSeconds ?? REJOIN_SECONDS);
    if (mean === undefined) return;
    // Of an exponential distribution, by the inverse of its distribution function; 1 − u is never 0.
    const seconds = -mean * ln(1 - this.#stream.uniform());
    this.#cancel = this.#timeline.plan(seconds, () => {
      this.#change();
    });
  }
}
