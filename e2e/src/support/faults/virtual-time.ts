import { EspalierError } from '@espalier/core';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that passes only when nothing is left to do: a job of minutes takes milliseconds, the same way each time. */
export class VirtualTime {
  #now = 0;
  #order = 0;
  #timers: Timer[] = [];
  #stirred = 0;
  #working = 0;

  get now(): number {
    return this.#now;
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#timers.length;
  }

  /** Calls back after that many seconds; gives how to cancel it. */
  schedule = (seconds: number, callback: () => void): (() => void) => {
    const timer: Timer = { at: this.#now + Math.max(0, seconds), order: this.#order++, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  };

  sleep(seconds: number): Promise<void> {
    return new Promise((resolve) => this.schedule(seconds, resolve));
  }

  /** Something happened that others may go on from. */
  stir(): void {
    this.#stirred++;
  }

  /** Work outside of virtual time, such as a disk's; virtual time is paused meanwhile. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#working++;
    try {
      return await work;
    } finally {
      this.#working--;
      this.stir();
    }
  }

  /** Lets time pass until `done`. @throws EspalierError `internal` when it is still not done at `limit` seconds. */
  async run(done: () => boolean, limit: number): Promise<void> {
    for (;;) {
      await this.#settle();
      if (done()) return;
      const next = this.#pop();
      if (!next || next.at > limit) {
        throw new EspalierError(
          'internal',
          next ? `not done after ${limit} s` : `nothing will happen any more at ${this.#now} s`,
        );
      }
      this.#now = next.at;
      next.callback();
    }
  }

  #pop(): Timer | undefined {
    const [first] = [...this.#timers].sort((a, b) => a.at - b.at || a.order - b.order);
    this.#timers = this.#timers.filter((one) => one !== first);
    return first;
  }

  /** Until three turns of the event loop in a row brought nothing new. */
  async #settle(): Promise<void> {
    for (let still = 0; still < 3;) {
      const before = this.#stirred;
      await new Promise((resolve) => setImmediate(resolve));
      still = this.#stirred === before && this.#working === 0 ? still + 1 : 0;
    }
  }
}
