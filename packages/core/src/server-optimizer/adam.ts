import type { ServerOptimizer } from './server-optimizer.js';

/**
 * FedAdam (Reddi et al., "Adaptive Federated Optimization", ICLR 2021, Algorithm 2):
 * m ← β₁·m + (1 − β₁)·Δ, v ← β₂·v + (1 − β₂)·Δ², x ← x + η·m ÷ (√v + τ). No bias correction, as published.
 */
export const adam: ServerOptimizer = {
  id: 'adam',
  summary: 'FedAdam (Reddi et al., ICLR 2021): Adam on the aggregated difference.',
  options: {
    learningRate: {
      default: 0.01,
      minimum: 1e-6,
      below: 100,
      whole: false,
      meaning: 'η; the paper tunes it for each task.',
    },
    beta1: {
      default: 0.9,
      minimum: 0,
      below: 1,
      whole: false,
      meaning: 'β₁, the share of the mean that is kept.',
    },
    beta2: {
      default: 0.99,
      minimum: 0,
      below: 1,
      whole: false,
      meaning: 'β₂, the share of the mean square that is kept.',
    },
    tau: {
      default: 0.001,
      minimum: 1e-6,
      below: 1,
      whole: false,
      meaning: 'τ, how adaptive: smaller adapts more.',
    },
  },
  slots: ['mean', 'square'],
  step: (delta, slots, { options: { learningRate = 0.01, beta1 = 0.9, beta2 = 0.99, tau = 0.001 } }) => {
    const [oldMean, oldSquare] = [slots['mean'], slots['square']];
    const mean = Float32Array.from(delta, (d, i) => beta1 * (oldMean?.[i] ?? 0) + (1 - beta1) * d);
    const square = Float32Array.from(delta, (d, i) => beta2 * (oldSquare?.[i] ?? 0) + (1 - beta2) * d * d);
    const update = Float64Array.from(mean, (m, i) => (learningRate * m) / (Math.sqrt(square[i]!) + tau));
    return { update, slots: { mean, square } };
  },
};
