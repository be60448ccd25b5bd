import { pow } from '../random/elementary.js';
import type { AdjustmentContext } from './mask-rule.js';

/**
 * The density after an adjustment of gradual pruning from dense (Zhu & Gupta, "To prune, or not to prune", 2017, Eq. 1):
 * d_f + (1 − d_f)·(1 − t)³ with t the share of the adjustments that are done, so the last one reaches the target.
 */
export function cubicDensity({ targetDensity, adjustment, adjustments }: AdjustmentContext): number {
  const left = 1 - Math.min(1, (adjustment + 1) / adjustments);
  return targetDensity + (1 - targetDensity) * left * left * left;
}

/** The density after an adjustment that keeps the same share of the weights as every other: d_f^t. */
export function geometricDensity({ targetDensity, adjustment, adjustments }: AdjustmentContext): number {
  const done = Math.min(1, (adjustment + 1) / adjustments);
  return done === 1 ? targetDensity : pow(targetDensity, done);
}
