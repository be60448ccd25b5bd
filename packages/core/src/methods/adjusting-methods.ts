import type { Method } from './method.js';

/** Methods whose mask changes while clients train. */
export const adjustingMethods: readonly Method[] = [
  {
    name: 'fedtiny',
    summary:
      'Adaptive batch-norm selection of a coarse-pruned candidate, then progressive pruning (Huang et al., ICDCS 2023).',
    initialMask: 'candidatePool',
    criterion: null,
    maskRule: 'progressive',
    network: 'given',
    defaults: {},
    departures: [],
  },
  {
    name: 'prunefl',
    summary: 'Regrowth by the dense gradients of all clients (PruneFL, Jiang et al., TNNLS 2022).',
    initialMask: 'criterion',
    criterion: null,
    maskRule: 'pruneFl',
    network: 'given',
    defaults: { mask: { criterion: 'magnitude', allocation: 'uniform' } },
    departures: [
      'The density is fixed, and every weight counts as equally fast; the paper chooses the size by measured times.',
      'The gradient is of one batch, not accumulated; a weight dropped now cannot come straight back.',
      'The first mask is from the coordinator’s pretraining.',
    ],
  },
  {
    name: 'granet',
    summary:
      'Gradual magnitude pruning of the whole network with regrowth by gradient (GraNet, Liu et al., NeurIPS 2021).',
    initialMask: 'dense',
    criterion: null,
    maskRule: 'granet',
    network: 'given',
    defaults: { pruning: { peakFraction: 0.5 } },
    departures: [
      'Federated: magnitudes are of the averaged weights, gradients of the clients’ last batches.',
    ],
  },
  {
    name: 'cubic',
    summary: 'Gradual magnitude pruning by a cubic schedule (Zhu & Gupta, 2017).',
    initialMask: 'dense',
    criterion: null,
    maskRule: 'cubic',
    network: 'given',
    defaults: {},
    departures: ['Federated: magnitudes are of the averaged weights.'],
  },
  {
    name: 'pqi-adaptive',
    summary: 'As many weights go at a time as their PQ index says (SAP, Diao et al., ICLR 2023).',
    initialMask: 'dense',
    criterion: null,
    maskRule: 'pqIndex',
    network: 'given',
    defaults: {},
    departures: [
      'It stops at the target, and the last adjustment goes there; the paper has no target.',
      'Weights go on from where they are; the paper rewinds them.',
    ],
  },
  {
    name: 'lottery',
    summary: 'Iterative magnitude pruning with rewinding (Frankle & Carbin, ICLR 2019).',
    initialMask: 'dense',
    criterion: null,
    maskRule: 'iterative',
    network: 'given',
    defaults: {},
    departures: [
      'The share pruned at a time follows from the target and the number of adjustments; the paper takes 20 %.',
      'One mask for all; LotteryFL has one per client.',
    ],
  },
];
