/** Multiply-accumulates after which the host's event loop gets a turn: about a tenth of a second. */
const WORK_PER_TURN = 1e9;

/** Lets the host's event loop run now and then during long work, counted in work and not in time. */
export class Breather {
  readonly #macsPerSample: number;
  #done = 0;

  constructor(macsPerSample: number) {
    this.#macsPerSample = macsPerSample;
  }

  /** To be called after each batch. */
  async breathe(samples: number): Promise<void> {
    this.#done += samples * this.#macsPerSample;
    if (this.#done < WORK_PER_TURN) return;
    this.#done = 0;
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 0);
    });
  }
}
