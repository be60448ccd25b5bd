/**
 * FedTiny's progressive pruning (Huang et al., "Distributed Pruning Towards Tiny Neural Networks in Federated
 * Learning", ICDCS 2023): how many weights are exchanged, and when. Which layers' turn it is: `adjustment-unit.ts`.
 */
import { EspalierError } from '../errors.js';
import type { ModelGraph } from '../graph/model-graph.js';
import type { AdjustmentSpec } from './adjustment-spec.js';
import { layerOf } from '../mask/layer-values.js';
import type { Mask } from '../mask/mask.js';
import { nearestWhole } from '../mask/top-k.js';
import { cos } from '../random/elementary.js';
import type { TopGradientRequest } from '../trainer/trainer.js';
import { adjustmentUnit } from './adjustment-unit.js';

/**
 * True when the mask changes at the end of this round (counted from 0): every `interval` rounds, except in
 * round 0, and before `stopRound`, where a_t has fallen to 0. With ΔR = 10 and R_stop = 100 that is 10, 20,
 * …, 90.
 */
export function isAdjustmentRound(round: number, { interval, stopRound }: AdjustmentSpec): boolean {
  return interval > 0 && round > 0 && round < stopRound && round % interval === 0;
}

/**
 * a_t = ½ · peakFraction · (1 + cos(π·r / R_stop)) · n_active, to the nearest whole number: the weights of a layer to
 * exchange in round r. 0.3 as `peakFraction` is the published 0.15 · (1 + cos(…)). 0 from `stopRound` on.
 * The same number is dropped and grown.
 */
export function exchangeCount(round: number, spec: AdjustmentSpec, activeCount: number): number {
  return nearestWhole(exchangeShare(round, spec) * activeCount);
}

/** ½ · peakFraction · (1 + cos(π·r / R_stop)), the share behind {@link exchangeCount}; 0 from `stopRound` on. */
export function exchangeShare(round: number, { peakFraction, stopRound }: AdjustmentSpec): number {
  if (!(peakFraction >= 0 && peakFraction <= 1)) {
    throw new EspalierError('invalid_argument', `peakFraction ${peakFraction} is not between 0 and 1`);
  }
  if (round >= stopRound) return 0;
  return 0.5 * peakFraction * (1 + cos((Math.PI * round) / stopRound));
}

/** Point of a job at which an adjustment is made. */
export interface ScheduledAdjustment {
  readonly round: number;
  /** Adjustments made before this one; never the round, or some blocks would never have their turn. */
  readonly adjustment: number;
}

/**
 * Requests of an adjustment to clients: for each layer whose turn it is, a_t inactive weights, or all of them
 * if fewer are inactive; layers with nothing to exchange are left out.
 */
export function adjustmentRequests(
  graph: ModelGraph,
  mask: Mask,
  spec: AdjustmentSpec,
  { round, adjustment }: ScheduledAdjustment,
): readonly TopGradientRequest[] {
  return adjustmentUnit(graph, spec.granularity, adjustment)
    .map((layer) => {
      const { size, active } = layerOf(mask, layer);
      return { layer, count: Math.min(exchangeCount(round, spec, active.length), size - active.length) };
    })
    .filter(({ count }) => count > 0);
}
