import type { ModelGraph } from '../graph/model-graph.js';
import { maskableSpecs } from '../graph/parameters.js';
import type { Mask } from '../mask/mask.js';
import type { TopGradientRequest } from '../trainer/trainer.js';
import { forwardMacs } from './macs.js';
import { modelBytes, storageBits } from './storage.js';

/**
 * The analytic cost of a round for one client, as the field reports it (FedRTS, Huang et al. 2025, appendix).
 * It is shown next to measured figures, never instead of them. Compositions follow from the arguments:
 * federated averaging is a null mask without requests, a static or pruned model a mask without requests,
 * FedTiny a mask with requests on adjustment rounds.
 */
export interface AnalyticRound {
  /** The mask of the round; null for dense. */
  readonly mask: Mask | null;
  /** Top gradients that the client is asked for; empty on ordinary rounds. */
  readonly requests: readonly TopGradientRequest[];
}

/** Bytes down and up: 2·O on ordinary rounds, 2·O + O_ξ with ξ requested gradients, stored by coordinate. */
export function analyticRoundBytes(graph: ModelGraph, { mask, requests }: AnalyticRound): number {
  return 2 * modelBytes(graph, mask) + gradientBytes(graph, requests);
}

/** Local training of one client in a round. */
export interface LocalWork {
  readonly samples: number;
  readonly localEpochs: number;
}

/**
 * Multiply-accumulates of a round's training (FLOPs are twice that), a backward pass counting as two forward passes:
 * 3·F·E, and 3·F·(E − 1) + F + 2·F_dense where gradients are requested, F being one forward pass over the samples.
 */
export function analyticRoundMacs(
  graph: ModelGraph,
  { mask, requests }: AnalyticRound,
  { samples, localEpochs }: LocalWork,
): number {
  const forward = samples * forwardMacs(graph, mask).total;
  if (requests.length === 0) return 3 * forward * localEpochs;
  const dense = samples * forwardMacs(graph, null).total;
  return 3 * forward * (localEpochs - 1) + forward + 2 * dense;
}

/** Peak bytes without activations: weights, gradients and the optimiser's slots, each as large as the model, and O_ξ. */
export function analyticMemoryBytes(
  graph: ModelGraph,
  { mask, requests }: AnalyticRound,
  optimizerSlots: number,
): number {
  return (2 + optimizerSlots) * modelBytes(graph, mask) + gradientBytes(graph, requests);
}

/** O_ξ: bytes of index and value of every requested gradient, by coordinate. */
export function gradientBytes(graph: ModelGraph, requests: readonly TopGradientRequest[]): number {
  const counts = new Map(requests.map(({ layer, count }) => [layer, count]));
  const bits = maskableSpecs(graph).map(({ name, shape }) =>
    storageBits(shape, counts.get(name) ?? 0, 'coordinates'),
  );
  return bits.reduce((sum, each) => sum + each, 0) / 8;
}
