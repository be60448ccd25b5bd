import type { TrainControl, TrainProgress } from '@espalier/core';

/** Milliseconds between looks at a caller's abort signal, which cannot tell by itself. */
const ABORT_POLL = 20;

/** One integer that both threads see; null where the platform shares no memory. */
function sharedFlag(): Int32Array | null {
  return typeof SharedArrayBuffer === 'undefined' ? null : new Int32Array(new SharedArrayBuffer(4));
}

/** Brings a caller's control to the training thread for the length of one call. */
export class ControlRelay {
  /** Becomes 1 when the call is to end; shared with the thread, where memory can be. */
  readonly abort = sharedFlag();
  readonly #control: TrainControl;
  readonly #timer: ReturnType<typeof setInterval>;
  #onAbort: () => void = () => undefined;
  #aborted = false;
  #thrown: { readonly error: unknown } | null = null;

  constructor(control: TrainControl) {
    this.#control = control;
    // What is aborted already must be seen before the thread takes its first step.
    this.#look();
    this.#timer = setInterval(() => {
      this.#look();
    }, ABORT_POLL);
  }

  /** The caller wants to hear of progress. */
  get listens(): boolean {
    return this.#control.onProgress !== undefined;
  }

  /** Error that the caller's progress callback threw, which ends the call; null when it threw none. */
  get thrown(): { readonly error: unknown } | null {
    return this.#thrown;
  }

  /**
   * The call is on its way.
   * @param onAbort called once, when it is to end
   */
  start(onAbort: () => void): void {
    this.#onAbort = onAbort;
    if (this.#aborted) onAbort();
    else this.#look();
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
    if (this.#aborted || !(this.#thrown ?? this.#control.signal?.aborted)) return;
    this.#aborted = true;
    if (this.abort) Atomics.store(this.abort, 0, 1);
    this.#onAbort();
  }
}
