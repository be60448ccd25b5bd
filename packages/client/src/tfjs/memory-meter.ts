import * as tf from '@tensorflow/tfjs-core';

/**
 * The highest number of bytes of tensors that one trainer has held. tfjs counts tensors of the whole process; what
 * others hold when a call begins is taken off. Packed copies inside the wasm library are not in tfjs's count.
 */
export class MemoryMeter {
  #others = 0;
  #own = 0;
  #peak = 0;

  /** Begins a call: everything alive beyond this trainer's own bytes belongs to others. */
  begin(): void {
    this.#others = tf.memory().numBytes - this.#own;
    this.sample();
  }

  /** Looks at the memory now. */
  sample(): void {
    this.#peak = Math.max(this.#peak, tf.memory().numBytes - this.#others);
  }

  /** Ends a call. */
  end(): void {
    this.#own = tf.memory().numBytes - this.#others;
  }

  /** Starts the peak anew, at what is held now. */
  reset(): void {
    this.#peak = this.#own;
  }

  get peakBytes(): number {
    return this.#peak;
  }
}
