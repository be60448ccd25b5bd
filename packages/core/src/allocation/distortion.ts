import { EspalierError } from '../errors.js';
import { maskableSpecs } from '../graph/parameters.js';
import type { Allocation, DistortionCurve } from './allocation.js';
import { apportion } from './apportion.js';
import { keptTotal } from './kept-total.js';

/** Steps that the budget of weights is divided into. */
const STEPS = 1000;

/**
 * Densities with the smallest sum of output distortions (Xu et al., "Efficient Joint Optimization of
 * Layer-Adaptive Weight Pruning", ICCV 2023): distortions of layers pruned one by one are nearly additive, so
 * a dynamic programme over their curves finds the best division of the budget, to a thousandth of all
 * weights.
 */
export const distortionAllocation: Allocation = {
  id: 'distortion',
  needs: ['distortions'],
  exactTotal: true,
  counts(graph, density, { distortions }) {
    if (distortions === undefined) {
      throw new EspalierError('invalid_argument', 'allocation distortion needs distortions; none were given');
    }
    const specs = maskableSpecs(graph);
    const total = keptTotal(specs, density);
    const unit = specs.reduce((sum, { size }) => sum + size, 0) / STEPS;
    const curves = specs.map(({ name, size }) => optionsOf(name, size, distortions.get(name)));
    const chosen = leastDistortion(curves, unit, Math.floor(total / unit + 1e-9));
    const targets = specs.map(({ name, size }, i) => ({
      name,
      size,
      target: Math.max(1, (chosen[i] ?? 0) * size),
    }));
    return apportion(targets, total);
  },
};

interface Option {
  readonly density: number;
  readonly weights: number;
  readonly distortion: number;
}

function optionsOf(name: string, size: number, curve: DistortionCurve | undefined): readonly Option[] {
  if (curve === undefined || curve.length === 0) {
    throw new EspalierError(
      'invalid_argument',
      `allocation distortion needs distortions of ${name}; none were given`,
      { name },
    );
  }
  return [
    { density: 0, weights: 0, distortion: Infinity },
    ...curve.map((point) => ({ ...point, weights: point.density * size })),
  ];
}

/** Density per layer. A budget too small for every layer's lowest point is divided as if that point had infinite cost. */
function leastDistortion(
  layers: readonly (readonly Option[])[],
  unit: number,
  budget: number,
): readonly number[] {
  const most = 1e30;
  let best = new Float64Array(budget + 1);
  const choices: Uint16Array[] = [];
  for (const options of layers) {
    const next = new Float64Array(budget + 1).fill(Infinity);
    const choice = new Uint16Array(budget + 1);
    for (const [o, { weights, distortion }] of options.entries()) {
      const cost = Math.ceil(weights / unit - 1e-9);
      const penalty = Math.min(most, distortion);
      for (let b = cost; b <= budget; b++) {
        const value = (best[b - cost] ?? 0) + penalty;
        if (value < (next[b] ?? 0)) [next[b], choice[b]] = [value, o];
      }
    }
    best = next;
    choices.push(choice);
  }
  const densities = layers.map(() => 0);
  for (let i = layers.length - 1, left = budget; i >= 0; i--) {
    const option = layers[i]![choices[i]![left] ?? 0]!;
    densities[i] = option.density;
    left -= Math.ceil(option.weights / unit - 1e-9);
  }
  return densities;
}
