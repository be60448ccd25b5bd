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
    // Weights that magnitude keeps of a barely trained network are large and, unscaled, learn too slowly.
    defaults: { rescale: true },
    // Ten passes of a running average and a plain mean are the authors' code; the rest is the paper.
    published: {
      rescale: false,
      pool: { allocation: 'uniform', size: 'published', momentMode: 'ema' },
      pruning: { interval: 10, peakFraction: 0.3, granularity: 'block', gradientWeighting: 'equal' },
    },
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
    name: 'feddst',
    summary:
      'Clients readjust masks of their own, the coordinator keeps the largest averages (FedDST, Bibikar et al., AAAI 2022).',
    initialMask: 'criterion',
    criterion: null,
    maskRule: 'voted',
    network: 'given',
    // Figures of the paper's CIFAR-10 runs.
    defaults: {
      mask: { criterion: 'magnitude', allocation: 'erk' },
      pruning: { interval: 15, peakFraction: 0.01 },
    },
    departures: [
      'A client readjusts halfway and trains on under its own mask, so that grown weights have values; the authors’ code readjusts after the last epoch.',
      'Adjustments stop at the job’s round; the paper’s at half of its rounds.',
      'The first mask is from the coordinator’s pretraining.',
    ],
  },
  {
    name: 'fedmef',
    summary:
      'Progressive pruning with budget-aware extrusion: what is about to go is pressed into what stays (FedMef, Huang et al., CVPR 2024).',
    initialMask: 'criterion',
    criterion: null,
    maskRule: 'extruding',
    network: 'given',
    defaults: {
      mask: { criterion: 'random', allocation: 'erk' },
      pruning: { interval: 10, peakFraction: 0.3, granularity: 'entire' },
    },
    departures: [
      'Without scaled activation pruning, which needs networks without batch norm.',
      'The budget is the steps of the round that ends with an adjustment, and the penalised weights are chosen at its first step.',
      'The penalty λ is 0.01 from the start; the authors’ code warms it up.',
      'Within the extrusion the learning rate goes up to the job’s first at most (ψ = 1).',
    ],
  },
  {
    name: 'fedrts',
    summary:
      'Thompson sampling decides which weights stay, over what every round says of them (FedRTS, Huang et al., NeurIPS 2025).',
    initialMask: 'criterion',
    criterion: null,
    maskRule: 'thompson',
    network: 'given',
    defaults: {
      mask: { criterion: 'random', allocation: 'erk' },
      pruning: { interval: 10, peakFraction: 0.4 },
    },
    departures: [
      'Clients send the values of their largest gradients with the indices; only the indices are used.',
      'Adjustments stop at the job’s round; the paper’s at 300 of 500.',
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
