import type { Log } from '@espalier/server/coordinator';

/** Failures a client may report in one round before the round counts as hopeless. */
const TRIES = 3;

/**
 * Watch for failures that would keep a run from ever ending. A real coordinator waits for better times; a
 * simulation, in which nobody repairs anything, would wait for ever: clients that fail at a task fail again
 * whenever they are asked again.
 */
export class Trouble {
  #count = 0;
  #last: string | null = null;
  readonly #most: number;

  constructor(clientsPerRound: number) {
    this.#most = TRIES * clientsPerRound;
  }

  /** The last thing that went wrong since the run moved on. */
  get last(): string | null {
    return this.#last;
  }

  /** True when it makes no sense to go on. */
  get hopeless(): boolean {
    return this.#count > this.#most;
  }

  /** That log, with its warnings counted. */
  watching(log: Log): Log {
    return {
      info: (message) => {
        log.info(message);
      },
      warn: (message) => {
        this.#count++;
        this.#last = message;
        log.warn(message);
      },
      error: (message) => {
        log.error(message);
      },
    };
  }

  /** Starts counting anew: the run has moved on. */
  movedOn(): void {
    this.#count = 0;
    this.#last = null;
  }
}
