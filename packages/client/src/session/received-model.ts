import {
  applyMaskDelta,
  EspalierError,
  identityMoments,
  unpackActive,
  type Mask,
  type ModelGraph,
  type ParamTree,
  type SparseModel,
} from '@espalier/core';
import type { MeasuredModel, ReceivedModel } from './task-context.js';

/** Knowledge of the models that a client was sent before. */
export interface KnownOfModels {
  /** The last mask. */
  readonly mask: Mask | null;
  /** The model that it was sent to measure, and nothing since. */
  readonly measured: MeasuredModel | null;
}

/**
 * The model that the message describes, given the models known so far.
 * @throws EspalierError `mask_mismatch` when the mask cannot be followed or has another hash than announced, or when the
 *   values are not known; `wrong_length` when they do not fit it.
 */
export function receiveModel(graph: ModelGraph, model: SparseModel, known: KnownOfModels): ReceivedModel {
  const mask = followMask(model, known.mask);
  if (mask.hash !== model.mask.hash) {
    throw mismatch(`the mask came out as ${mask.hash}, announced was ${model.mask.hash}`);
  }
  mask.checkFits(graph);
  const values = model.values ?? knownValues(mask, known);
  return {
    mask,
    params: paramsOf(graph, { model, values }, mask),
    moments: model.moments ?? identityMoments(graph),
    values,
  };
}

function knownValues({ hash }: Mask, { measured }: KnownOfModels): Float32Array {
  if (measured?.maskHash === hash) return measured.values;
  throw mismatch('the values of this model are not known');
}

/**
 * Unpacked parameters, for as long as their model is in use: clients of one process that got the same message
 * unpack it once.
 */
const unpacked = new WeakMap<SparseModel, ParamTree>();

/** The announced hash has been checked, so that the model's mask can be no other. */
function paramsOf(
  graph: ModelGraph,
  { model, values }: { readonly model: SparseModel; readonly values: Float32Array },
  mask: Mask,
): ParamTree {
  const params = unpacked.get(model) ?? unpackActive(graph, mask, values);
  unpacked.set(model, params);
  return params;
}

function followMask({ maskUpdate }: SparseModel, known: Mask | null): Mask {
  if (maskUpdate.kind === 'full') return maskUpdate.mask;
  if (known === null) throw mismatch('no mask is known yet');
  if (maskUpdate.kind === 'unchanged') return known;
  return applyMaskDelta(known, maskUpdate.parent, maskUpdate.layers);
}

function mismatch(what: string): EspalierError {
  return new EspalierError('mask_mismatch', `${what}: the whole mask is needed`);
}
