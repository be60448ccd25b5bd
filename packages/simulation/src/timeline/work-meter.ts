/** Counts real work under way on the coordinator's side, so that virtual time can wait for it. */
export class WorkMeter {
  #urgent = 0;
  #all = 0;
  #waiting: (() => void)[] = [];

  /** Urgent work under way: virtual time stands still until it has ended. */
  get urgent(): number {
    return this.#urgent;
  }

  /** Work under way of either kind. */
  get all(): number {
    return this.#all;
  }

  /**
   * Counts the work until it settles.
   * @param urgent false for what may go on beside the clients' work until somebody needs it, such as an evaluation
   */
  track<T>(work: Promise<T>, urgent = true): Promise<T> {
    this.#all++;
    if (urgent) this.#urgent++;
    const ended = (): void => {
      this.#all--;
      if (urgent) this.#urgent--;
      for (const resume of this.#waiting.splice(0)) resume();
    };
    work.then(ended, ended);
    return work;
  }

  /** Resolves when some work ends. */
  nextEnd(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
