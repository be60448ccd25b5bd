import type { TrainControl, TrainProgress } from '@espalier/core';

/** Milliseconds between looks at a caller's abort signal, which cannot tell by itself. */
const ABORT_POLL = 20;

/** Brings a caller's control to the training thread for the length of one call. */
export class ControlRelay {
  /** Becomes 1 when the call is to end; shared with the thread. */
  readonly abort = new Int32Array(new SharedArrayBuffer(4));
  readonly #control: TrainControl;
  readonly #timer: NodeJS.Timeout;
  #thrown: { readonly error: unknown } | null = null;

  constructor(control: TrainControl) {
    this.#control = control;
    this.#look();
    this.#timer = setInterval(() => {
      this.#look();
    }, ABORT_POLL);
  }

  /** What the caller's progress callback threw, which ends the call. */
  get thrown(): { readonly error: unknown } | null {
    return this.#thrown;
  }

  progress(progress: TrainProgress): void {
    if (this.#thrown) return;
    try {
      this.#control.onProgress?.(progress);
    } catch (error) {
      this.#thrown = { error };
    }
    this.#look();
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    if (this.#thrown ?? this.#control.signal?.aborted) Atomics.store(this.abort, 0, 1);
  }
}
