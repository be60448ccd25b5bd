import { EspalierError } from '../errors.js';
import { maskableSpecs } from '../graph/parameters.js';
import { layerValues } from '../mask/layer-values.js';
import type { Allocation } from './allocation.js';
import { apportion } from './apportion.js';
import { keptTotal } from './kept-total.js';
import { proportionalDensities } from './proportional.js';

/**
 * By the PQ index (Diao et al., "Pruning Deep Neural Networks from a Sparsity Perspective", ICLR 2023,
 * theorem 2) with p = 1 and q = 2: a layer of n weights needs at least n·(1 − I)² of them, that is (Σ|w|)² /
 * Σw². Layers keep weights in proportion to that; layers dominated by a few weights are pruned more.
 */
export const pqiAllocation: Allocation = {
  id: 'pqi',
  needs: ['scores'],
  exactTotal: true,
  counts(graph, density, { scores }) {
    if (scores === undefined) {
      throw new EspalierError('invalid_argument', 'allocation pqi needs scores; none were given');
    }
    const specs = maskableSpecs(graph);
    const wishes = specs.map((spec) => ({ size: spec.size, wish: neededShare(layerValues(spec, scores)) }));
    const densities = proportionalDensities(wishes, density);
    const targets = specs.map(({ name, size }, i) => ({ name, size, target: densities[i]! * size }));
    return apportion(targets, keptTotal(specs, density));
  },
};

/** (1 − I)² = (Σ|w|)² / (n·Σw²); a layer of zeros needs next to nothing. */
function neededShare(values: Float32Array): number {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += Math.abs(value);
    squares += value * value;
  }
  return squares === 0 ? 1e-9 : (sum * sum) / (squares * values.length);
}
