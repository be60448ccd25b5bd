import type { LayerMask, SparseModel } from '@espalier/core';
import type { NestedPool } from '@espalier/core/round';
import { v1 } from '../wire.js';
import { toBytes, toFloat32, toUint32Array } from './arrays.js';
import type { WireContext } from './context.js';
import { malformed } from '../failure.js';
import {
  decodeLayers,
  decodeMaskUpdate,
  decodeReference,
  encodeLayers,
  encodeMaskUpdate,
  encodeReference,
} from './mask-codec.js';
import {
  decodeMoments,
  decodeOptionalMoments,
  encodeMoments,
  encodeOptionalMoments,
} from './moments-codec.js';
import { required } from './numbers.js';

/** A sparse model under way. */
export function encodeModel(model: SparseModel, context: WireContext): v1.SparseModel.$Properties {
  return {
    mask: encodeReference(model.mask),
    maskUpdate: encodeMaskUpdate(model.maskUpdate, context),
    values: model.values === null ? null : toBytes(model.values),
    moments: encodeOptionalMoments(model.moments, context),
  };
}

/**
 * Decodes a model. The receiver, which knows the mask, must check that the number of values matches the
 * mask's active weights. @throws EspalierError `malformed_message`, `not_finite`, `wrong_length`.
 */
export function decodeModel(
  wire: v1.SparseModel.$Shape | null | undefined,
  context: WireContext,
): SparseModel {
  const { mask, maskUpdate, values, moments } = required(wire, 'the model');
  return {
    mask: decodeReference(mask),
    maskUpdate: decodeMaskUpdate(maskUpdate, context),
    values: values === null || values === undefined ? null : toFloat32(values, 'values'),
    moments: decodeOptionalMoments(moments, context),
  };
}

/** FedTiny's pool. */
export function encodePool(pool: NestedPool, context: WireContext): v1.NestedPool.$Properties {
  return {
    union: encodeLayers(pool.union),
    values: toBytes(pool.values),
    counts: pool.counts.map(toBytes),
    moments: encodeMoments(pool.moments, context),
  };
}

/** @throws EspalierError `malformed_message`, `not_finite`, `wrong_length`. */
export function decodePool(wire: v1.NestedPool.$Shape | null | undefined, context: WireContext): NestedPool {
  const { union, values, counts = [], moments } = required(wire, 'the pool');
  const layers = decodeLayers(union, context);
  return {
    union: layers,
    values: toFloat32(values, 'values'),
    counts: counts.map((row) => decodeCounts(row, layers)),
    moments: decodeMoments(moments, context),
  };
}

function decodeCounts(row: Uint8Array, layers: readonly LayerMask[]): Uint32Array {
  const counts = toUint32Array(row, 'counts');
  if (counts.length !== layers.length) throw malformed(`${counts.length} counts for ${layers.length} layers`);
  for (const [i, { name, active }] of layers.entries()) {
    if (counts[i]! > active.length)
      throw malformed(`${counts[i]!} kept of ${active.length} weights of ${name}`);
  }
  return counts;
}
