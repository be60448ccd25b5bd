import {
  printable,
  type ClientUpdate,
  type Evaluation,
  type Measurement,
  type OwnMask,
  type TopGradients,
  type UpdateMetrics,
} from '@espalier/core';
import { v1 } from '../wire.js';
import { toBytes, toFloat32, toFloat32In, toKnownFloat32In, type FloatMemory } from './arrays.js';
import { cutProse } from './check-bounds.js';
import { layerAt, positionOf, type WireContext } from './context.js';
import { malformed } from '../failure.js';
import { bytesToHash, hashToBytes } from './hashes.js';
import { decodeIndexList, encodeIndexList } from './indices-codec.js';
import { decodeMaskDelta, encodeMaskDelta } from './mask-codec.js';
import {
  decodeMoments,
  decodeOptionalMoments,
  encodeMoments,
  encodeOptionalMoments,
} from './moments-codec.js';
import { nonNegative, required, toUint32 } from './numbers.js';

/** One client's work of one round. */
export function encodeUpdate(update: ClientUpdate, context: WireContext): v1.Update.$Properties {
  return {
    round: toUint32(update.round, 'round'),
    maskHash: hashToBytes(update.maskHash, 'mask hash'),
    delta: toBytes(update.delta),
    moments: encodeOptionalMoments(update.moments, context),
    samples: toUint32(update.samples, 'samples'),
    metrics: encodeMetrics(update.metrics),
    topGradients: update.topGradients.map((top) => encodeTop(top, context)),
    evaluation: update.evaluation === null ? null : encodeEvaluation(update.evaluation),
    ownMask: update.ownMask === undefined ? null : encodeOwnMask(update.ownMask, update.maskHash, context),
  };
}

const NOTHING = new Uint8Array();

/** @throws EspalierError `malformed_message`, `not_finite`, `wrong_length` (of the moments). */
export function decodeUpdate(
  wire: v1.Update.$Shape,
  context: WireContext,
  memory: FloatMemory,
): ClientUpdate {
  return decodeAround(wire, context, toFloat32In(memory, wire.delta ?? NOTHING, 'delta'));
}

/** As {@link decodeUpdate} of bytes that it has read before: whether every value is finite is not looked at again. */
export function decodeKnownUpdate(
  wire: v1.Update.$Shape,
  context: WireContext,
  memory: FloatMemory,
): ClientUpdate {
  return decodeAround(wire, context, toKnownFloat32In(memory, wire.delta ?? NOTHING, 'delta'));
}

function decodeAround(wire: v1.Update.$Shape, context: WireContext, delta: Float32Array): ClientUpdate {
  const { evaluation = null, ownMask = null } = wire;
  return {
    round: wire.round ?? 0,
    maskHash: bytesToHash(wire.maskHash, 'mask hash'),
    delta,
    moments: decodeOptionalMoments(wire.moments, context),
    samples: wire.samples ?? 0,
    metrics: decodeMetrics(wire.metrics),
    topGradients: (wire.topGradients ?? []).map((top) => decodeTop(top, context)),
    evaluation: evaluation === null ? null : decodeEvaluation(evaluation),
    ...(ownMask === null ? {} : { ownMask: decodeOwnMask(ownMask, wire.maskHash, context) }),
  };
}

function encodeOwnMask(
  { hash, layers }: OwnMask,
  parent: string,
  context: WireContext,
): v1.OwnMask.$Properties {
  return { hash: hashToBytes(hash, 'own mask hash'), delta: encodeMaskDelta(parent, layers, context) };
}

function decodeOwnMask(
  { hash, delta }: v1.OwnMask.$Shape,
  received: Uint8Array | undefined,
  context: WireContext,
): OwnMask {
  const { parent, layers } = decodeMaskDelta(required(delta, 'the own mask'), context);
  if (parent !== bytesToHash(received, 'mask hash')) {
    throw malformed(`an own mask made of ${parent}; expected the mask that was received`);
  }
  return { hash: bytesToHash(hash, 'own mask hash'), layers };
}

/** One client's moments of the model that it was sent. */
export function encodeMeasurement(
  { round, moments, samples, macs, seconds }: Measurement,
  context: WireContext,
): v1.Measured.$Properties {
  return {
    round: toUint32(round, 'round'),
    moments: encodeMoments(moments, context),
    samples: toUint32(samples, 'samples'),
    macs,
    seconds,
  };
}

/** @throws EspalierError `malformed_message`, `not_finite`, `wrong_length`. */
export function decodeMeasurement(wire: v1.Measured.$Shape, context: WireContext): Measurement {
  return {
    round: wire.round ?? 0,
    moments: decodeMoments(wire.moments, context),
    samples: wire.samples ?? 0,
    macs: nonNegative(wire.macs, 'macs'),
    seconds: nonNegative(wire.seconds, 'seconds'),
  };
}

/** Sums over a data set. */
export function encodeEvaluation({ lossSum, correct, samples }: Evaluation): v1.Evaluation.$Properties {
  return { lossSum, correct: toUint32(correct, 'correct'), samples: toUint32(samples, 'samples') };
}

/** @throws EspalierError `malformed_message`, `not_finite`. */
export function decodeEvaluation(wire: v1.Evaluation.$Shape | null | undefined): Evaluation {
  const { lossSum, correct = 0, samples = 0 } = required(wire, 'the evaluation');
  if (correct > samples) throw malformed(`${correct} correct of ${samples} samples`);
  return { lossSum: nonNegative(lossSum, 'loss'), correct, samples };
}

function encodeTop(
  { layer, indices, values }: TopGradients,
  context: WireContext,
): v1.TopGradients.$Properties {
  const position = positionOf(context, layer);
  const { size } = layerAt(context, position);
  return { layer: position, indices: encodeIndexList(indices, size), values: toBytes(values) };
}

function decodeTop(wire: v1.TopGradients.$Shape, context: WireContext): TopGradients {
  const { name, size } = layerAt(context, wire.layer);
  const values = toFloat32(wire.values, 'top gradients');
  // Compared before the indices are expanded, so that repeating a layer costs its sender four bytes an index.
  if ((wire.indices?.count ?? 0) !== values.length) {
    throw malformed(`${values.length} top gradients for ${wire.indices?.count ?? 0} indices`);
  }
  return { layer: name, indices: decodeIndexList(wire.indices, size), values };
}

function encodeMetrics(metrics: UpdateMetrics): v1.UpdateMetrics.$Properties {
  const { loss, steps, samplesSeen, seconds, macs, peakBytes, microBatch, backend } = metrics;
  return {
    loss,
    steps: toUint32(steps, 'steps'),
    samplesSeen: toUint32(samplesSeen, 'samples seen'),
    seconds,
    macs,
    peakBytes,
    microBatch: toUint32(microBatch, 'micro-batch'),
    backend: cutProse(backend, 'short'),
  };
}

function decodeMetrics(wire: v1.UpdateMetrics.$Shape | null | undefined): UpdateMetrics {
  const metrics = required(wire, 'the metrics');
  return {
    loss: nonNegative(metrics.loss, 'loss'),
    steps: metrics.steps ?? 0,
    samplesSeen: metrics.samplesSeen ?? 0,
    seconds: nonNegative(metrics.seconds, 'seconds'),
    macs: nonNegative(metrics.macs, 'macs'),
    peakBytes: nonNegative(metrics.peakBytes, 'peak bytes'),
    microBatch: metrics.microBatch ?? 0,
    backend: printable(metrics.backend ?? ''),
  };
}
