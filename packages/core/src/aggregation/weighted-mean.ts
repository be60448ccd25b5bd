import { EspalierError } from '../errors.js';
import type { Aggregator } from './aggregator.js';

/** Σ w·x and Σ w so far. */
export interface WeightedSum {
  readonly sum: Float64Array;
  readonly weight: number;
}

/**
 * Federated averaging (McMahan et al., AISTATS 2017): Σ n_k Δ_k / Σ n_k over packed active values. Every client of a
 * round shares the mask, so on active coordinates this equals the dense average (sparse FedAvg).
 */
export const weightedMean: Aggregator<WeightedSum> = {
  id: 'weightedMean',
  init: (length) => ({ sum: new Float64Array(length), weight: 0 }),
  accumulate({ sum, weight: before }, { values, weight }) {
    if (values.length !== sum.length) {
      throw new EspalierError('wrong_length', `got ${values.length} values, expected ${sum.length}`, {
        got: values.length,
        expected: sum.length,
      });
    }
    if (!(weight > 0 && weight < Infinity)) {
      throw new EspalierError('invalid_argument', `weight ${weight} is not above 0 and finite`);
    }
    for (let i = 0; i < sum.length; i++) sum[i]! += weight * values[i]!;
    return { sum, weight: before + weight };
  },
  finalize({ sum, weight }) {
    if (weight === 0) throw new EspalierError('invalid_argument', 'there is no update to average');
    return sum.map((total, index) => {
      if (!Number.isFinite(total)) {
        throw new EspalierError('not_finite', `the sum of updates is ${total} at value ${index}`, { index });
      }
      return total / weight;
    });
  },
};
