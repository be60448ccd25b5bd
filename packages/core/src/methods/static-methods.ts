import type { Method } from './method.js';

const fixed = { initialMask: 'criterion', maskRule: null, network: 'given', departures: [] } as const;

/** One mask before the first round, kept to the end. */
export const staticMethods: readonly Method[] = [
  {
    ...fixed,
    name: 'static',
    criterion: null,
    summary: 'One mask from a criterion and an allocation, kept to the end.',
    defaults: {},
  },
  {
    ...fixed,
    name: 'random',
    criterion: 'random',
    summary: 'A random mask with ERK densities (Evci et al., ICML 2020; Liu et al., ICLR 2022).',
    defaults: { mask: { criterion: 'random', allocation: 'erk' } },
  },
  {
    ...fixed,
    name: 'magnitude',
    criterion: 'magnitude',
    summary: 'The largest pretrained weights with ERK densities (Han et al., NeurIPS 2015).',
    defaults: { mask: { criterion: 'magnitude', allocation: 'erk' } },
  },
  {
    ...fixed,
    name: 'snip',
    criterion: 'snip',
    summary: 'Connection sensitivity |g·w| over the whole network (SNIP, Lee et al., ICLR 2019).',
    defaults: { mask: { criterion: 'snip', allocation: 'global' } },
    departures: ['The first convolution and the classifier stay dense, and every layer keeps a weight.'],
  },
  {
    ...fixed,
    name: 'grasp',
    criterion: 'grasp',
    summary: 'Gradient flow −w·Hg over the whole network (GraSP, Wang et al., ICLR 2020).',
    defaults: { mask: { criterion: 'grasp', allocation: 'global' } },
    departures: [
      'Hg is a central difference of gradients.',
      'The first convolution and the classifier stay dense, and every layer keeps a weight.',
    ],
  },
  {
    ...fixed,
    name: 'synflow',
    criterion: 'synflow',
    summary: 'Synaptic flow over the whole network, without any data (SynFlow, Tanaka et al., NeurIPS 2020).',
    defaults: { mask: { criterion: 'synflow', allocation: 'global', passes: 100 } },
    departures: [
      'Borders of images count as interior.',
      'The first convolution and the classifier stay dense, and every layer keeps a weight.',
    ],
  },
];
