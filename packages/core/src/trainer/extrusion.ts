import { exp } from '../random/elementary.js';
import { nearestWhole, topK } from '../mask/top-k.js';
import type { Extrusion } from './trainer.js';

/**
 * Active weights of a layer that an extrusion presses on: the share of smallest |w|; of equals the higher
 * index.
 * @param magnitudes |w| of the active weights, by ascending index
 * @returns positions in `magnitudes`, ascending
 */
export function lowPositions(magnitudes: Float32Array, share: number): Uint32Array {
  const count = Math.min(magnitudes.length, nearestWhole(share * magnitudes.length));
  const kept = topK(magnitudes, magnitudes.length - count);
  const low = new Uint32Array(count);
  let next = 0;
  let at = 0;
  for (let i = 0; i < magnitudes.length; i++) {
    if (kept[next] === i) next++;
    else low[at++] = i;
  }
  return low;
}

/** Progress of a training run. */
export interface ExtrusionStep {
  /** The run's learning rate. */
  readonly learningRate: number;
  /** From 0. */
  readonly step: number;
  /** Steps of the whole run. */
  readonly steps: number;
  /** ‖w_low‖₁ over all layers, before the step. */
  readonly norm: number;
}

/** The step's learning rate: see {@link Extrusion}. */
export function extrusionRate(
  { peakLearningRate, maximumLearningRate }: Extrusion,
  { learningRate, step, steps, norm }: ExtrusionStep,
): number {
  const left = (2 * steps - 2 * step) / (2 * steps - step);
  const decayed = exp(-norm);
  // 2σ(x) − 1 in a form that does not cancel.
  const swing = (1 - decayed) / (1 + decayed);
  return Math.min(
    Math.max(maximumLearningRate, learningRate),
    Math.max(learningRate, peakLearningRate * left * swing),
  );
}
