import type { ServerOptimizer } from './server-optimizer.js';

/**
 * FedAvgM (Hsu, Qi & Brown, "Measuring the Effects of Non-Identical Data Distribution for Federated Visual
 * Classification", 2019): v ← β·v + Δ, x ← x + η·v.
 */
export const momentum: ServerOptimizer = {
  id: 'momentum',
  summary: 'FedAvgM (Hsu et al., 2019): heavy-ball momentum on the aggregated difference.',
  options: {
    learningRate: {
      default: 1,
      minimum: 1e-6,
      below: 100,
      whole: false,
      meaning: 'η, the length of a step.',
    },
    beta: {
      default: 0.9,
      minimum: 0,
      below: 1,
      whole: false,
      meaning: 'β, the share of the last step that is kept.',
    },
  },
  slots: ['velocity'],
  step: (delta, slots, { options: { learningRate = 1, beta = 0.9 } }) => {
    const before = slots['velocity'];
    const velocity = Float32Array.from(delta, (value, i) => beta * (before?.[i] ?? 0) + value);
    return { update: Float64Array.from(velocity, (value) => learningRate * value), slots: { velocity } };
  },
};
