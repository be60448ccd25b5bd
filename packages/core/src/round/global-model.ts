import { packActive } from '../params/pack.js';
import type { Mask } from '../mask/mask.js';
import { maskDelta } from '../mask/delta.js';
import type { MaskUpdate } from '../mask/mask-update.js';
import type { ModelGraph } from '../graph/model-graph.js';
import type { ModelState, MomentTree } from '../params/model-state.js';
import type { OptimizerSlots } from '../server-optimizer/server-optimizer.js';
import type { SparseModel } from '../trainer/client-update.js';

/** The network at one point of a run: its mask and all its numbers. Replaced as a whole, never changed. */
export interface GlobalModel {
  readonly graph: ModelGraph;
  readonly mask: Mask;
  readonly state: ModelState;
  /** Values in mask order, as ordinary rounds send them. */
  readonly values: Float32Array;
  /** The mask before this one, from which a difference can be sent; null for the first. */
  readonly previousMask: Mask | null;
  /** The values that the mask began with: they rank its weights for as long as it lasts. */
  readonly ranks: Float32Array;
}

/** A model with the memory of the coordinator's own optimiser, in the order of the model's values. */
export interface SteppedModel {
  readonly model: GlobalModel;
  readonly slots: OptimizerSlots;
}

/** Origin of a model. */
export interface ModelDescent {
  readonly previousMask?: Mask | null;
  /** Left out where the mask begins with this model. */
  readonly ranks?: Float32Array;
}

/** The model of that mask and state. */
export function globalModel(
  graph: ModelGraph,
  mask: Mask,
  state: ModelState,
  { previousMask = null, ranks }: ModelDescent = {},
): GlobalModel {
  const values = packActive(graph, mask, state.params);
  return { graph, mask, state, values, previousMask, ranks: ranks ?? values };
}

/** The same weights with the moments that were measured at them. */
export function withMoments(model: GlobalModel, moments: MomentTree): GlobalModel {
  return { ...model, state: { ...model.state, moments } };
}

/** Parts of a model that the receiver already has. */
export interface KnownOfModel {
  /** Hash of the mask it has; null for none. */
  readonly mask: string | null;
  /** It has the values too. */
  readonly values: boolean;
}

/** The model as sent to a receiver that already has those parts of it. */
export function outgoingModel(model: GlobalModel, known: KnownOfModel): SparseModel {
  const { mask, values, state } = model;
  return {
    mask: { version: mask.version, hash: mask.hash },
    maskUpdate: maskUpdateFor(model, known.mask),
    values: known.values ? null : values,
    moments: state.moments,
  };
}

function maskUpdateFor({ mask, previousMask }: GlobalModel, known: string | null): MaskUpdate {
  if (known === mask.hash) return { kind: 'unchanged' };
  if (known === null || previousMask?.hash !== known) return { kind: 'full', mask };
  return { kind: 'delta', parent: known, layers: maskDelta(previousMask, mask) };
}
