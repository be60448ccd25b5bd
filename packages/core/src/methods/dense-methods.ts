import type { Method } from './method.js';

const dense = {
  initialMask: 'dense',
  criterion: null,
  maskRule: null,
  network: 'given',
  departures: [],
} as const;

/** Federated averaging and methods that change only its optimisation: controls for every sparse run. */
export const denseMethods: readonly Method[] = [
  {
    ...dense,
    name: 'fedavg',
    summary: 'Dense federated averaging (McMahan et al., AISTATS 2017): the control beside every sparse run.',
    defaults: {},
  },
  {
    ...dense,
    name: 'fedprox',
    summary: 'Dense, with a proximal term in the clients’ loss (Li et al., MLSys 2020).',
    // The paper tunes μ over 0.001, 0.01, 0.1 and 1.
    defaults: { proximal: 0.01 },
  },
  {
    ...dense,
    name: 'fedavgm',
    summary: 'Dense, with momentum on the coordinator (Hsu et al., 2019).',
    defaults: { serverOptimizer: { kind: 'momentum' } },
  },
  {
    ...dense,
    name: 'fedadam',
    summary: 'Dense, with Adam on the coordinator (Reddi et al., ICLR 2021).',
    defaults: { serverOptimizer: { kind: 'adam' } },
  },
  {
    ...dense,
    name: 'small-dense',
    summary:
      'A narrower network of as many weights as the job’s network keeps at its density, trained densely: what pruning must beat.',
    network: 'narrow',
    defaults: {},
  },
];
