import { EspalierError } from '../errors.js';
import { maskableSpecs } from '../graph/parameters.js';
import { layerValues } from '../mask/layer-values.js';
import type { Allocation } from './allocation.js';
import { globalAllocation } from './global.js';

/**
 * Layer-adaptive magnitudes (Lee et al., "Layer-Adaptive Sparsity for the Magnitude-Based Pruning", ICLR 2021, eq. 5):
 * the squared score of a weight over those of its layer that are not smaller; all are then ranked together. The largest
 * of every layer scores 1, so none collapses.
 */
export const lampAllocation: Allocation = {
  id: 'lamp',
  needs: ['scores'],
  exactTotal: true,
  counts(graph, density, { scores }) {
    if (scores === undefined) {
      throw new EspalierError('invalid_argument', 'allocation lamp needs scores; none were given');
    }
    const relative = new Map(
      maskableSpecs(graph).map((spec) => [spec.name, lampScores(layerValues(spec, scores))]),
    );
    return globalAllocation.counts(graph, density, { scores: relative, layerFloor: 0 });
  },
};

function lampScores(scores: Float32Array): Float32Array {
  const magnitudes = scores.map(Math.abs);
  const descending = magnitudes.slice().sort().reverse();
  // Sum of the squares down to each value; of equal values the last, since all of them are "not smaller".
  const sums = new Map<number, number>();
  let sum = 0;
  for (const value of descending) sums.set(value, (sum += value * value));
  return magnitudes.map((value) => (value === 0 ? 0 : (value * value) / sums.get(value)!));
}
