import { unreachable, type ClientUpdate, printable } from '@espalier/core';
import type { ClientMessage } from '@espalier/core/protocol';
import { readWire, v1, writeWire } from '../wire.js';
import { ownBytes, toBytes, toFloat32, type FloatMemory } from './arrays.js';
import type { WireContext } from './context.js';
import { decoding, malformed } from '../failure.js';
import { decodeMoments, encodeMoments } from './moments-codec.js';
import { atLeastOne, toOptionalUint32, toUint32 } from './numbers.js';
import { decodeCode, decodeProfile, encodeProfile } from './session-codec.js';
import {
  decodeEvaluation,
  decodeKnownUpdate,
  decodeUpdate,
  encodeEvaluation,
  encodeUpdate,
  decodeMeasurement,
  encodeMeasurement,
} from './update-codec.js';
import { speaking, versionIn } from './version.js';
import { CLIENT_BOUNDS } from './bounds.js';
import { checkBounds, cutProse } from './check-bounds.js';

/** `ClientMessage.join`. */
const JOIN = 1;

type Join = Extract<ClientMessage, { kind: 'join' }>;

/**
 * The bytes of a message from a client.
 * @throws EspalierError `invalid_argument` where a number, hash or layer cannot travel; `invalid_params` where
 * moments are not the graph's.
 */
export function encodeClientMessage(message: ClientMessage, context: WireContext): Uint8Array {
  return writeWire(v1.ClientMessage, toWire(message, context));
}

/**
 * Decodes a message from any bytes, checked as far as the bytes and the graph allow; the receiver compares
 * masks, rounds and lengths of values. Work and memory are bounded by the bytes and the graph.
 * @throws EspalierError `malformed_message`, `not_finite`, `wrong_length`, `protocol_version`; never anything
 * else. Its fact `message` is the kind of message, as far as it could be read.
 * @param memory destination for the values of an update, for callers that handle one update at a time
 */
export function decodeClientMessage(
  bytes: Uint8Array,
  context: WireContext,
  memory: FloatMemory = freshFloats,
): ClientMessage {
  const wire = decoding('a client message', () => {
    speaking(versionIn(bytes, JOIN), () => {
      checkBounds(bytes, CLIENT_BOUNDS);
    });
    return readWire(v1.ClientMessage, bytes);
  });
  return decoding(wire.kind ?? 'a client message', () => fromWire(wire, context, memory));
}

/**
 * Decodes an update from bytes that {@link decodeClientMessage} has accepted before, as a coordinator's store
 * returns them: its values go to `memory` and are not checked for infinities again.
 * @throws EspalierError `malformed_message` for any other message, or bytes that changed.
 */
export function decodeStoredUpdate(
  bytes: Uint8Array,
  context: WireContext,
  memory: FloatMemory,
): ClientUpdate {
  const wire = decoding('a stored update', () => readWire(v1.ClientMessage, bytes));
  return decoding('a stored update', () => {
    if (wire.kind !== 'update') throw malformed(`an update was stored, ${wire.kind ?? 'nothing'} was read`);
    return decodeKnownUpdate(wire.update, context, memory);
  });
}

const freshFloats: FloatMemory = (length) => new Float32Array(length);

function toWire(message: ClientMessage, context: WireContext): v1.ClientMessage.$Properties {
  switch (message.kind) {
    case 'join':
      return { join: encodeJoin(message) };
    case 'canaryResult':
      return { canaryResult: { gradients: toBytes(message.gradients) } };
    case 'candidateMoments': {
      const candidates = message.candidates.map((tree) => encodeMoments(tree, context));
      return { candidateMoments: { candidates, samples: toUint32(message.samples, 'samples') } };
    }
    case 'candidateLosses':
      return { candidateLosses: { candidates: message.candidates.map(encodeEvaluation) } };
    case 'update':
      return { update: encodeUpdate(message.update, context) };
    case 'measured':
      return { measured: encodeMeasurement(message.measurement, context) };
    case 'requestMask':
      return { requestMask: { round: toUint32(message.round, 'round') } };
    case 'evaluation': {
      const round = toUint32(message.round, 'round');
      return { evaluation: { round, evaluation: encodeEvaluation(message.evaluation) } };
    }
    case 'failed': {
      const round = toUint32(message.round, 'round');
      return { failed: { round, code: message.code, message: cutProse(message.message, 'sentence') } };
    }
    case 'leave':
      return { leave: { reason: cutProse(message.reason, 'sentence') } };
    default:
      return unreachable(message);
  }
}

function fromWire(wire: v1.ClientMessage.$Shape, context: WireContext, memory: FloatMemory): ClientMessage {
  switch (wire.kind) {
    case 'join':
      return speaking(wire.join.protocolVersion, () => decodeJoin(wire.join));
    case 'canaryResult':
      return { kind: 'canaryResult', gradients: toFloat32(wire.canaryResult.gradients, 'gradients') };
    case 'candidateMoments': {
      const { candidates = [], samples = 0 } = wire.candidateMoments;
      const trees = candidates.map((bytes) => decodeMoments(bytes, context));
      return { kind: 'candidateMoments', candidates: trees, samples };
    }
    case 'candidateLosses': {
      const { candidates = [] } = wire.candidateLosses;
      return { kind: 'candidateLosses', candidates: candidates.map(decodeEvaluation) };
    }
    case 'update':
      return { kind: 'update', update: decodeUpdate(wire.update, context, memory) };
    case 'measured':
      return { kind: 'measured', measurement: decodeMeasurement(wire.measured, context) };
    case 'requestMask':
      return { kind: 'requestMask', round: wire.requestMask.round ?? 0 };
    case 'evaluation': {
      const { round = 0, evaluation } = wire.evaluation;
      return { kind: 'evaluation', round, evaluation: decodeEvaluation(evaluation) };
    }
    case 'failed': {
      const { round = 0, code, message = '' } = wire.failed;
      return { kind: 'failed', round, code: decodeCode(code), message: printable(message) };
    }
    case 'leave':
      return { kind: 'leave', reason: printable(wire.leave.reason ?? '') };
    case undefined:
      throw malformed('none of the known kinds is set');
    default:
      return unreachable(wire);
  }
}

function encodeJoin(join: Join): v1.Join.$Properties {
  const { protocolVersion, answer, returnToken, name, classes } = join;
  const [imageHeight, imageWidth, imageChannels] = join.imageShape;
  return {
    protocolVersion,
    answer,
    returnToken,
    name: cutProse(name, 'short'),
    part: toOptionalUint32(join.part, 'part'),
    profile: encodeProfile(join.profile),
    samples: toUint32(join.samples, 'samples'),
    classes: [...classes],
    imageHeight: toUint32(imageHeight, 'height'),
    imageWidth: toUint32(imageWidth, 'width'),
    imageChannels: toUint32(imageChannels, 'channels'),
  };
}

function decodeJoin(wire: v1.Join.$Shape): Join {
  const { protocolVersion = 0, answer, returnToken = null, name = '', part = null } = wire;
  const { samples = 0, classes = [], imageHeight, imageWidth, imageChannels } = wire;
  return {
    kind: 'join',
    protocolVersion,
    answer: ownBytes(answer),
    returnToken,
    name: printable(name),
    part,
    profile: decodeProfile(wire.profile),
    samples,
    classes,
    imageShape: [
      atLeastOne(imageHeight, 'image height'),
      atLeastOne(imageWidth, 'image width'),
      atLeastOne(imageChannels, 'image channels'),
    ],
  };
}
