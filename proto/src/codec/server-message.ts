import { unreachable, printable } from '@espalier/core';
import type { ServerMessage } from '@espalier/core/protocol';
import { readWire, v1, writeWire } from '../wire.js';
import { ownBytes } from './arrays.js';
import type { WireContext } from './context.js';
import { decoding, malformed } from '../failure.js';
import { decodeJob, encodeJob } from './job-codec.js';
import { decodeModel, decodePool, encodeModel, encodePool } from './model-codec.js';
import { decodeMoments, encodeMoments } from './moments-codec.js';
import { atLeastOne, toUint32, toOptionalUint32 } from './numbers.js';
import { decodeCanary, decodeCode, decodeFacts, encodeCanary, encodeFacts } from './session-codec.js';
import { speaking, versionIn } from './version.js';
import { decodeMomentMode, decodeWork, encodeMomentMode, encodeWork } from './work-codec.js';
import { SERVER_BOUNDS } from './bounds.js';
import { checkBounds, cutProse } from './check-bounds.js';

type Measure = Extract<ServerMessage, { kind: 'measure' }>;

/**
 * The bytes of a message from the coordinator.
 * @throws EspalierError `invalid_argument` where a number, hash or layer cannot travel; `invalid_params` where
 * moments are not the graph's.
 */
export function encodeServerMessage(message: ServerMessage, context: WireContext): Uint8Array {
  return writeWire(v1.ServerMessage, toWire(message, context));
}

/**
 * Decodes a message from any bytes, checked as far as the bytes and the graph allow; the receiver compares
 * masks and rounds. Work and memory are bounded by the bytes and the graph.
 * @throws EspalierError `malformed_message`, `not_finite`, `wrong_length`, `protocol_version`; never anything
 * else.
 */
export function decodeServerMessage(bytes: Uint8Array, context: WireContext): ServerMessage {
  const wire = decoding('a server message', () => {
    speaking(versionIn(bytes, CHALLENGE), () => {
      checkBounds(bytes, SERVER_BOUNDS);
    });
    return readWire(v1.ServerMessage, bytes);
  });
  return decoding(wire.kind ?? 'a server message', () => fromWire(wire, context));
}

/** `ServerMessage.challenge`. */
const CHALLENGE = 1;

function toWire(message: ServerMessage, context: WireContext): v1.ServerMessage.$Properties {
  switch (message.kind) {
    case 'challenge': {
      const { protocolVersion, nonce, job } = message;
      return { challenge: { protocolVersion, nonce, job: encodeJob(job) } };
    }
    case 'welcome': {
      const { clientId, returnToken, canary } = message;
      const partitionIndex = toUint32(message.partitionIndex, 'partition index');
      return { welcome: { clientId, returnToken, partitionIndex, canary: encodeCanary(canary) } };
    }
    case 'admitted':
      return { admitted: {} };
    case 'refused': {
      const { code, facts, fatal } = message;
      const sentence = cutProse(message.message, 'sentence');
      return { refused: { code, message: sentence, facts: encodeFacts(facts), fatal } };
    }
    case 'pool': {
      const batchSize = toUint32(message.batchSize, 'batch size');
      const mode = encodeMomentMode(message.mode);
      return { pool: { pool: encodePool(message.pool, context), mode, batchSize } };
    }
    case 'poolMoments':
      return { poolMoments: { candidates: message.candidates.map((tree) => encodeMoments(tree, context)) } };
    case 'measure':
      return { measure: encodeMeasure(message, context) };
    case 'train': {
      const { model, work, evaluate } = message;
      const round = toUint32(message.round, 'round');
      return {
        train: { round, model: encodeModel(model, context), work: encodeWork(work, context), evaluate },
      };
    }
    case 'accepted':
      return { accepted: { round: toUint32(message.round, 'round') } };
    case 'finish': {
      const round = toUint32(message.round, 'round');
      return { finish: { round, model: encodeModel(message.model, context), evaluate: message.evaluate } };
    }
    default:
      return unreachable(message);
  }
}

function fromWire(wire: v1.ServerMessage.$Shape, context: WireContext): ServerMessage {
  switch (wire.kind) {
    case 'challenge':
      return speaking(wire.challenge.protocolVersion, () => decodeChallenge(wire.challenge));
    case 'welcome':
      return decodeWelcome(wire.welcome);
    case 'admitted':
      return { kind: 'admitted' };
    case 'refused':
      return decodeRefused(wire.refused);
    case 'pool': {
      const { pool, mode, batchSize } = wire.pool;
      return {
        kind: 'pool',
        pool: decodePool(pool, context),
        mode: decodeMomentMode(mode),
        batchSize: atLeastOne(batchSize, 'batch size'),
      };
    }
    case 'poolMoments': {
      const { candidates = [] } = wire.poolMoments;
      return { kind: 'poolMoments', candidates: candidates.map((bytes) => decodeMoments(bytes, context)) };
    }
    case 'measure':
      return decodeMeasure(wire.measure, context);
    case 'train': {
      const { round = 0, model, work, evaluate = false } = wire.train;
      return {
        kind: 'train',
        round,
        model: decodeModel(model, context),
        work: decodeWork(work, context),
        evaluate,
      };
    }
    case 'accepted':
      return { kind: 'accepted', round: wire.accepted.round ?? 0 };
    case 'finish': {
      const { round = 0, model, evaluate = false } = wire.finish;
      return { kind: 'finish', round, model: decodeModel(model, context), evaluate };
    }
    case undefined:
      throw malformed('none of the known kinds is set');
    default:
      return unreachable(wire);
  }
}

function encodeMeasure(
  { round, model, batchSize, samples }: Measure,
  context: WireContext,
): v1.Measure.$Properties {
  return {
    round: toUint32(round, 'round'),
    model: encodeModel(model, context),
    batchSize: toUint32(batchSize, 'batch size'),
    samples: toOptionalUint32(samples, 'samples'),
  };
}

function decodeMeasure(wire: v1.Measure.$Shape, context: WireContext): Measure {
  const { round = 0, model, batchSize, samples = null } = wire;
  return {
    kind: 'measure',
    round,
    model: decodeModel(model, context),
    batchSize: atLeastOne(batchSize, 'batch size'),
    samples: samples === null ? null : atLeastOne(samples, 'samples'),
  };
}

function decodeChallenge(wire: v1.Challenge.$Shape): ServerMessage {
  const { protocolVersion = 0, nonce, job } = wire;
  return { kind: 'challenge', protocolVersion, nonce: ownBytes(nonce), job: decodeJob(job) };
}

function decodeWelcome(wire: v1.Welcome.$Shape): ServerMessage {
  const { clientId = '', returnToken = '', partitionIndex = 0, canary } = wire;
  return { kind: 'welcome', clientId, returnToken, partitionIndex, canary: decodeCanary(canary) };
}

function decodeRefused(wire: v1.Refused.$Shape): ServerMessage {
  const { code, message = '', facts, fatal = false } = wire;
  return {
    kind: 'refused',
    code: decodeCode(code),
    message: printable(message),
    facts: decodeFacts(facts),
    fatal,
  };
}
