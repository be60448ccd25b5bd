import { momentCount, packMoments, unpackMoments, type MomentTree } from '@espalier/core';
import { toBytes, toFloat32 } from './arrays.js';
import { knownGraph, type WireContext } from './context.js';
import { malformed } from '../failure.js';

/** Batch-norm statistics as plain values in graph order. @throws EspalierError `invalid_params`. */
export function encodeMoments(moments: MomentTree, context: WireContext): Uint8Array {
  return toBytes(packMoments(knownGraph(context), moments));
}

/** @throws EspalierError `malformed_message` (a negative variance too), `not_finite`, `wrong_length`. */
export function decodeMoments(bytes: Uint8Array | undefined, context: WireContext): MomentTree {
  const moments = unpackMoments(knownGraph(context), toFloat32(bytes, 'moments'));
  for (const [node, { variance }] of moments) {
    if (variance.some((value) => value < 0)) throw malformed(`a variance of ${node} is negative`, { node });
  }
  return moments;
}

/** Statistics that may be left out: null for those, and for a network that has none. @throws EspalierError `invalid_params`. */
export function encodeOptionalMoments(moments: MomentTree | null, context: WireContext): Uint8Array | null {
  if (moments === null || momentCount(knownGraph(context)) === 0) return null;
  return encodeMoments(moments, context);
}

/** The inverse of {@link encodeOptionalMoments}. @throws EspalierError as {@link decodeMoments}. */
export function decodeOptionalMoments(
  bytes: Uint8Array | null | undefined,
  context: WireContext,
): MomentTree | null {
  const left = bytes === null || bytes === undefined;
  return left && momentCount(knownGraph(context)) > 0 ? null : decodeMoments(bytes ?? undefined, context);
}
