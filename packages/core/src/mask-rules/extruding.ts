import { adjustmentUnit } from '../adjustment/adjustment-unit.js';
import { exchangeShare } from '../adjustment/exchange-schedule.js';
import type { MaskRule } from './mask-rule.js';
import { progressive } from './progressive.js';

/** λ of the penalty (the authors' research code). */
const PENALTY = 0.01;

/**
 * FedMef's budget-aware extrusion (Huang et al., "FedMef: Towards Memory-efficient Federated Dynamic Pruning", CVPR
 * 2024): in the round that ends with an adjustment, clients press what is about to go into what stays, by a penalty on
 * the smallest weights and a learning rate that follows the budget of steps. Then as FedTiny: the smallest go, those of
 * the largest clients' gradients come.
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
