import type { ModelGraph } from '../graph/model-graph.js';
import type { Mask } from '../mask/mask.js';
import type { TopGradientRequest } from '../trainer/trainer.js';
import type { AnalyticRound } from './cost-model.js';

/** Numbers of a layer's weights that leave a mask and that join it. */
export interface LayerChange {
  /** Name of the maskable parameter. */
  readonly layer: string;
  readonly dropped: number;
  readonly grown: number;
}

/**
 * Part of the mask that travels with a model: none if it is known, all of it, or the changes from the
 * previous one.
 */
export type MaskDelivery =
  | { readonly kind: 'known' }
  | { readonly kind: 'whole' }
  | { readonly kind: 'changes'; readonly layers: readonly LayerChange[] };

/**
 * A round of clients that did the same work, as determined by the job, the network, the masks' densities and
 * the protocol; only the clients that answered are an observation. Masks give the number of weights of a
 * layer, not their positions.
 */
export interface ClientRound {
  readonly graph: ModelGraph;
  /** Clients that answered. */
  readonly clients: number;
  /** The round as the cost model sees it. */
  readonly modelled: AnalyticRound;
  /** The mask that these clients trained under: the round's, or a part of it. */
  readonly carried: Mask;
  readonly delivery: MaskDelivery;
  /** Gradients of inactive weights that each client reports. */
  readonly asked: readonly TopGradientRequest[];
  /** Changes that each client makes in a mask of its own, which it sends along; empty if it makes none. */
  readonly ownChanges: readonly LayerChange[];
  /** Training samples of all these clients together. */
  readonly samples: number;
  readonly localEpochs: number;
  /** Samples, of all these clients together, whose whole gradients are computed: each client's last batch. */
  readonly gradientSamples: number;
  /**
   * Source of batch-norm moments: training, or a measurement over that many samples of all these clients
   * together.
   */
  readonly moments: { readonly kind: 'training' } | { readonly kind: 'measured'; readonly samples: number };
  /** Share of kept weights from which on the trainer computes a layer with all of them; 0 for one that always does. */
  readonly denseFrom: number;
  /** Bytes of one frame at most. */
  readonly maxFrameBytes: number;
}

/** One reason why a round's cost differs from the cost model, with its size. */
export interface CostTerm {
  /** Names its figure in files. */
  readonly id: string;
  /** A word or two, for the head of a column. */
  readonly label: string;
  /** A sentence for users. */
  readonly sentence: string;
  /**
   * Amount to add to the model's figure, over all clients of the round; negative where the model counts too
   * much.
   */
  of(round: ClientRound): number;
}

/** Sums every term over those rounds, by the term's id. */
export function costLedger(
  terms: readonly CostTerm[],
  rounds: readonly ClientRound[],
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    terms.map((term) => [term.id, rounds.reduce((sum, round) => sum + term.of(round), 0)]),
  );
}
