import type { MomentMode } from '../trainer/trainer.js';

/** The candidate pool of FedTiny's coarse pruning. */
export interface PoolSpec {
  readonly size: number;
  /**
   * Layer densities around which candidates are drawn: uniform as published, ERK, or half of the pool each.
   */
  readonly allocation: 'uniform' | 'erk' | 'mixed';
  /** Choose by adaptive batch norm, or take the first candidate without asking any client. */
  readonly selection: 'adaptiveBatchNorm' | 'first';
  readonly momentMode: MomentMode;
  /** Share of a client's training samples used for selection. */
  readonly developmentFraction: number;
}
