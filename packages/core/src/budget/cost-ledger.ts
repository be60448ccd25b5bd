import type { ModelGraph } from '../graph/model-graph.js';
import type { Mask } from '../mask/mask.js';
import type { TopGradientRequest } from '../trainer/trainer.js';
import type { AnalyticRound } from './cost-model.js';

/** How many weights of a layer leave a mask, and how many come. */
export interface LayerChange {
  /** Name of the maskable parameter. */
  readonly layer: string;
  readonly dropped: number;
  readonly grown: number;
}

/** What of the mask travels with a model: nothing where it is known, the whole, or what changed from the one before. */
export type MaskDelivery =
  | { readonly kind: 'known' }
  | { readonly kind: 'whole' }
  | { readonly kind: 'changes'; readonly layers: readonly LayerChange[] };

/**
 * A round of clients that did alike, as far as it follows from the job, the network, the masks' densities and the
 * protocol; nothing in it is measured but who answered. Masks tell how many weights a layer has, not which.
 */
export interface ClientRound {
  readonly graph: ModelGraph;
  /** Clients that answered. */
  readonly clients: number;
  /** What the cost model is told of the round. */
  readonly modelled: AnalyticRound;
  /** The mask that these clients trained under: the round's, or a part of it. */
  readonly carried: Mask;
  readonly delivery: MaskDelivery;
  /** Gradients of inactive weights that each client reports. */
  readonly asked: readonly TopGradientRequest[];
  /** What each client exchanges in a mask of its own, which it sends along; empty where it makes none. */
  readonly ownChanges: readonly LayerChange[];
  /** Training samples of all these clients together. */
  readonly samples: number;
  readonly localEpochs: number;
  /** Samples, of all these clients together, whose whole gradients are computed: each client's last batch. */
  readonly gradientSamples: number;
  /** Where batch-norm moments come from: training, or a measurement over that many samples of all these clients together. */
  readonly moments: { readonly kind: 'training' } | { readonly kind: 'measured'; readonly samples: number };
  /** Share of kept weights from which on the trainer computes a layer with all of them; 0 for one that always does. */
  readonly denseFrom: number;
  /** Bytes of one frame at most. */
  readonly maxFrameBytes: number;
}

/** One reason why a round costs something else than the cost model says, with its size. */
export interface CostTerm {
  /** Names its figure in files. */
  readonly id: string;
  /** A word or two, for the head of a column. */
  readonly label: string;
  /** A sentence for people. */
  readonly sentence: string;
  /** What it adds to the model's figure, over all clients of the round; negative where the model counts too much. */
  of(round: ClientRound): number;
}

/** What every term adds over those rounds, by its id. */
export function costLedger(
  terms: readonly CostTerm[],
  rounds: readonly ClientRound[],
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    terms.map((term) => [term.id, rounds.reduce((sum, round) => sum + term.of(round), 0)]),
  );
}
