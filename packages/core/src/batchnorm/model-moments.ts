import { momentSpecs } from '../graph/parameters.js';
import type { ModelGraph } from '../graph/model-graph.js';
import type { MomentMode } from '../trainer/trainer.js';

/**
 * Source of a model's batch-norm moments: `fresh` ones are measured by a forward pass of the clients at the
 * very weights that the model has; `pooled` and `ema` ones are gathered during training, while the weights
 * change.
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

/** Mode in which training gathers moments: exact pooled ones if the job measures its moments afterwards. */
export function trainingMoments(moments: ModelMoments): MomentMode {
  return moments.kind === 'fresh' ? { kind: 'pooled' } : moments;
}
