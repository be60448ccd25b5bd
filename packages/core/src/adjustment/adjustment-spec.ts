/** FedTiny's progressive pruning. */
export interface AdjustmentSpec {
  /** Rounds between adjustments (ΔR); 0 never adjusts. */
  readonly interval: number;
  /** Adjustments stop at this round (R_stop). */
  readonly stopRound: number;
  readonly granularity: 'layer' | 'block' | 'entire';
  /** Share of a layer's active weights exchanged at round 0; 0.3 is published. */
  readonly peakFraction: number;
  /** Weigh clients' gradients by sample count, or equally. */
  readonly gradientWeighting: 'samples' | 'equal';
}
