import type { DeclaredOptions, OptionValues } from '../registry/declared-options.js';

/** Memory of an optimiser from round to round, by name: one number per packed value of the model. */
export type OptimizerSlots = Readonly<Record<string, Float32Array>>;

/** A round's step: the amount added to the model's packed values, and the memory after it. */
export interface OptimizerStep {
  readonly update: Float64Array;
  /** Exactly the declared slots, each as long as the update. */
  readonly slots: OptimizerSlots;
}

/**
 * The coordinator's own optimiser: takes the aggregated difference for a negative gradient (Reddi et al., "Adaptive
 * Federated Optimization", ICLR 2021, Algorithm 1). Pure; passes `serverOptimizerContract`.
 */
export interface ServerOptimizer {
  /** Outward name. */
  readonly id: string;
  /** One sentence for users, citing the paper. */
  readonly summary: string;
  readonly options: DeclaredOptions;
  /** Names of the arrays it remembers; everything starts at 0, and so do weights that an adjustment grows. */
  readonly slots: readonly string[];
  /**
   * @param delta the aggregated difference, in mask order; stays as it was
   * @param slots the declared ones; stay as they were
   */
  step(delta: Float64Array, slots: OptimizerSlots, at: StepContext): OptimizerStep;
}

/** Round and settings of a step. */
export interface StepContext {
  /** From 0. */
  readonly round: number;
  readonly options: OptionValues;
}
