import { adjustmentUnit } from '../adjustment/adjustment-unit.js';
import { exchangeShare } from '../adjustment/exchange-schedule.js';
import type { MaskRule } from './mask-rule.js';
import { progressive } from './progressive.js';

/** λ of the penalty (the authors' research code). */
const PENALTY = 0.01;

/**
 * FedMef's budget-aware extrusion (Huang et al., "FedMef: Towards Memory-efficient Federated Dynamic
 * Pruning", CVPR 2024): in the round that ends with an adjustment, clients press the weights about to be
 * dropped into those that stay, by a penalty on the smallest weights and a learning rate that follows the
 * budget of steps. Then as in FedTiny: the smallest are dropped, those with the largest of the clients'
 * gradients grown.
 */
export const extruding: MaskRule = {
  ...progressive,
  id: 'extruding',
  localWork: ({ graph, spec, learningRate, round, adjustment }) => ({
    readjustment: null,
    extrusion: {
      penalty: PENALTY,
      // ψ = 1: no higher than the job begins.
      peakLearningRate: learningRate,
      maximumLearningRate: learningRate,
      share: exchangeShare(round, spec),
      layers: adjustmentUnit(graph, spec.granularity, adjustment),
    },
  }),
};
