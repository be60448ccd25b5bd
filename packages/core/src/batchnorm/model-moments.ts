import { momentSpecs } from '../graph/parameters.js';
import type { ModelGraph } from '../graph/model-graph.js';
import type { MomentMode } from '../trainer/trainer.js';

/**
 * How a model gets its batch-norm moments: `fresh` ones are measured at the weights they are shipped with, by a forward
 * pass of the clients; `pooled` and `ema` are gathered in training, while the weights move.
 */
export type ModelMoments = FreshMoments | MomentMode;

/** Moments measured after a round, at the weights that the round gave. */
export interface FreshMoments {
  readonly kind: 'fresh';
  /** Training samples that each client measures with at most; null for all of them. */
  readonly samples: number | null;
}

/** True where clients measure every round's model: the job asks for it, and the network has batch norms. */
export function measuresMoments(moments: ModelMoments, graph: ModelGraph): moments is FreshMoments {
  return moments.kind === 'fresh' && momentSpecs(graph).length > 0;
}

/** How training gathers moments; exact pooled ones where the job's are measured afterwards. */
export function trainingMoments(moments: ModelMoments): MomentMode {
  return moments.kind === 'fresh' ? { kind: 'pooled' } : moments;
}
