import {
  applyMaskDelta,
  EspalierError,
  unpackActive,
  type Mask,
  type ModelGraph,
  type ParamTree,
  type SparseModel,
} from '@espalier/core';
import type { ReceivedModel } from './task-context.js';

/**
 * The model that the message stands for, given the mask known so far.
 * @throws EspalierError `mask_mismatch` when the mask cannot be followed or has another hash than announced;
 *   `wrong_length` when the values do not fit it.
 */
export function receiveModel(graph: ModelGraph, model: SparseModel, known: Mask | null): ReceivedModel {
  const mask = followMask(model, known);
  if (mask.hash !== model.mask.hash) {
    throw mismatch(`the mask came out as ${mask.hash}, announced was ${model.mask.hash}`);
  }
  mask.checkFits(graph);
  return { mask, params: paramsOf(graph, model, mask), moments: model.moments, values: model.values };
}

/** Of models that somebody still holds: clients of one process that got the same message unpack it once. */
const unpacked = new WeakMap<SparseModel, ParamTree>();

/** The announced hash has been checked, so that the model's mask can be no other. */
function paramsOf(graph: ModelGraph, model: SparseModel, mask: Mask): ParamTree {
  const params = unpacked.get(model) ?? unpackActive(graph, mask, model.values);
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
