import { canaryProblem, makeCanary, referenceGradients, type Canary, type Trainer } from '@espalier/core';

/** The canary that joining clients compute, and the gradients that they must find on it. */
export class CanaryCheck {
  readonly canary: Canary;
  /** Settles when the reference gradients are there, so that pretraining does not delay admissions. */
  readonly whenReady: Promise<void>;
  readonly #reference: Promise<Float32Array>;

  constructor(trainer: Trainer) {
    this.canary = makeCanary();
    this.#reference = referenceGradients(trainer, this.canary);
    this.whenReady = this.#reference.then(() => undefined);
    // Those who await it get the failure; if nobody does, it must not crash the process.
    this.whenReady.catch(() => undefined);
  }

  /** Null when the gradients are right, else a sentence. */
  async problemOf(gradients: Float32Array): Promise<string | null> {
    return canaryProblem(this.canary, await this.#reference, gradients);
  }
}
