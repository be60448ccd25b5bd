import type { ClientRound, CostTerm } from './cost-ledger.js';
import { forwardMacs, trainMacs, wholeGradientMacs } from './macs.js';

/**
 * Multiply-accumulates by which a round differs from the authors' cost model (`analyticRoundMacs`): what a
 * backward pass needs, and the weights that a trainer computes with. Neither counts norms, the optimiser or
 * FedMef's penalty.
 */
export const macTerms: readonly CostTerm[] = [
  {
    id: 'parts',
    label: 'parts of the mask',
    sentence: 'Devices too small for the model train their part alone.',
    of: ({ graph, modelled: { mask }, carried, ...work }) =>
      3 * seen(work) * (forwardMacs(graph, carried).total - forwardMacs(graph, mask).total),
  },
  {
    id: 'firstLayer',
    label: 'first layer',
    sentence: 'The first layer needs no gradient of its input; the model counts one.',
    of: ({ graph, carried, ...work }) => {
      const { forward, inputGradient } = trainMacs(graph, carried);
      return seen(work) * (inputGradient - forward);
    },
  },
  {
    id: 'fullLayers',
    label: 'nearly dense layers',
    sentence:
      'Layers that keep nearly all of their weights are computed with all of them, which is faster; the model counts those kept.',
    of: ({ graph, carried, denseFrom, ...work }) =>
      seen(work) * (trainMacs(graph, carried, denseFrom).total - trainMacs(graph, carried).total),
  },
  {
    id: 'moments',
    label: 'moments',
    sentence: 'A forward pass over the received model where clients measure its batch-norm moments.',
    of: ({ graph, carried, denseFrom, moments }) =>
      moments.kind === 'measured' ? moments.samples * trainMacs(graph, carried, denseFrom).forward : 0,
  },
  {
    id: 'gradients',
    label: 'inactive gradients',
    sentence:
      'For gradients of inactive weights the model counts a dense backward pass over an epoch; they are computed for the last batch alone, in the layers that are asked for.',
    of: (round) => lastBatch(round) - denseEpoch(round),
  },
];

/** Samples that pass through the network in training. */
function seen({ samples, localEpochs }: Pick<ClientRound, 'samples' | 'localEpochs'>): number {
  return samples * localEpochs;
}

/** Excess of the model over plain training when gradients are requested: 2·(F_dense − F) per sample. */
function denseEpoch({ graph, modelled: { mask, requests }, samples }: ClientRound): number {
  if (requests.length === 0) return 0;
  return 2 * samples * (forwardMacs(graph, null).total - forwardMacs(graph, mask).total);
}

/** Whole gradients of the layers asked for; a trainer that computes with all weights has them already. */
function lastBatch({
  graph,
  carried,
  denseFrom,
  asked,
  ownChanges,
  gradientSamples,
  ...work
}: ClientRound): number {
  const layers = [...asked, ...ownChanges].map(({ layer }) => layer);
  const spared = trainMacs(graph, null).total - trainMacs(graph, carried, denseFrom).total;
  return Math.min(gradientSamples * wholeGradientMacs(graph, layers), seen(work) * spared);
}
