import type { ServerOptimizer } from './server-optimizer.js';

/** Adds the aggregated difference as it is: federated averaging. It remembers nothing. */
export const average: ServerOptimizer = {
  id: 'average',
  summary: 'Adds the aggregated difference as it is.',
  options: {},
  slots: [],
  step: (delta) => ({ update: delta, slots: {} }),
};
