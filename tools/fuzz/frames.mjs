/**
 * Bytes that a hostile peer may send, by kind. Message-level kinds come as whole messages, to be framed
 * correctly so that they reach the decoders; frame-level kinds come as they are.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROTOCOL_VERSION } from '@espalier/core/protocol';
import { encodeClientMessage } from '@espalier/proto';
import { flatMeasured } from '../../e2e/dist/spec/support/honest-answers.js';
import { root } from '../workspace.mjs';

/**
 * A source of numbers in [0, 1).
 * @typedef {() => number} Random
 *
 * @typedef {Uint8Array<ArrayBuffer>} Bytes
 * @typedef {import('@espalier/core/protocol').ClientMessage} ClientMessage
 */

/** Golden messages and frames as they stand in the repository. */
function goldenBytes() {
  const folder = join(root, 'proto', 'vectors');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.bin'))
    .sort()
    .map((name) => new Uint8Array(readFileSync(join(folder, name))));
}

const golden = goldenBytes();

/**
 * Random bytes, few more often than many.
 * @param {Random} random
 * @param {number} most
 */
export function randomBytes(random, most) {
  return Uint8Array.from({ length: Math.floor(most * random() ** 3) }, () => 256 * random());
}

/**
 * One to eight changes: flipped bits, bytes set, removed, doubled, moved, cut off, or taken from another message.
 * @param {Random} random
 * @param {Uint8Array} bytes
 */
export function mutated(random, bytes) {
  let changed = bytes;
  for (let left = 1 + Math.floor(8 * random() ** 2); left > 0; left--) changed = changedOnce(random, changed);
  return changed;
}

/**
 * @param {Random} random
 * @param {Uint8Array} bytes
 */
function changedOnce(random, bytes) {
  const at = Math.floor(bytes.length * random());
  const end = Math.min(bytes.length, at + 1 + Math.floor(16 * random()));
  switch (Math.floor(7 * random())) {
    case 0:
      return bytes.map((byte, i) => (i === at ? byte ^ (1 << Math.floor(8 * random())) : byte));
    case 1:
      return bytes.map((byte, i) => (i === at ? pick(random, [0, 1, 0x7f, 0x80, 0xff]) : byte));
    case 2:
      return joined(bytes.subarray(0, at), bytes.subarray(end));
    case 3:
      return joined(bytes.subarray(0, end), bytes.subarray(at));
    case 4:
      return bytes.subarray(0, at);
    case 5:
      return joined(bytes.subarray(0, at), randomBytes(random, 64), bytes.subarray(at));
    default:
      return joined(bytes.subarray(0, at), pick(random, golden).subarray(-Math.floor(200 * random()) - 1));
  }
}

/**
 * A golden vector, changed.
 * @param {Random} random
 */
export function mutatedGolden(random) {
  return mutated(random, pick(random, golden));
}

/**
 * Messages that cost a careless reader far more than their bytes.
 * @param {Random} random
 */
export function bomb(random) {
  const makers = [nested, groups, claimedLength, manyFields, manyIndices, longText, packedVarints];
  return pick(random, makers)(random);
}

/**
 * A length-delimited field within itself, thousands deep.
 * @param {Random} random
 */
function nested(random) {
  const field = 1 + Math.floor(16 * random());
  /** @type {Bytes} */
  let bytes = new Uint8Array([8, 1]);
  for (let depth = Math.floor(3000 * random()); depth > 0; depth--) {
    bytes = joined(Uint8Array.of((field << 3) | 2), varint(bytes.length), bytes);
    if (bytes.length > 30_000) break;
  }
  return bytes;
}

/**
 * Groups that open and never close.
 * @param {Random} random
 */
function groups(random) {
  return new Uint8Array(1 + Math.floor(60_000 * random())).fill((1 << 3) | 3);
}

/**
 * A field that says it has gigabytes.
 * @param {Random} random
 */
function claimedLength(random) {
  const field = 1 + Math.floor(16 * random());
  return joined(
    Uint8Array.of((field << 3) | 2),
    varint(2 ** 31 - 1 + Math.floor(2 ** 31 * random())),
    randomBytes(random, 40),
  );
}

/**
 * A repeated field of empty messages: two bytes each on the wire, an object each in memory.
 * @param {Random} random
 */
function manyFields(random) {
  const outer = 1 + Math.floor(10 * random());
  const inner = 1 + Math.floor(10 * random());
  const body = new Uint8Array(2 * Math.floor(50_000 * random()));
  for (let i = 0; i < body.length; i += 2) body[i] = (inner << 3) | 2;
  return joined(Uint8Array.of((outer << 3) | 2), varint(body.length), body);
}

/**
 * An update whose top gradients claim four thousand million indices of one layer, again and again.
 * @param {Random} random
 */
function manyIndices(random) {
  const indices = joined(Uint8Array.of(0x08, 1 + Math.floor(3 * random()), 0x18), varint(2 ** 32 - 1));
  const top = joined(Uint8Array.of(0x12), varint(indices.length), indices);
  const one = joined(Uint8Array.of(0x3a), varint(top.length), top);
  const body = joined(...Array.from({ length: 1 + Math.floor(500 * random()) }, () => one));
  return joined(Uint8Array.of(0x2a), varint(body.length), body);
}

/**
 * A name of half a megabyte, not always UTF-8.
 * @param {Random} random
 */
function longText(random) {
  const text = new Uint8Array(Math.floor(500_000 * random())).fill(random() < 0.5 ? 0x61 : 0xff);
  const inner = joined(Uint8Array.of(0x22), varint(text.length), text);
  return joined(Uint8Array.of(0x0a), varint(inner.length), inner);
}

/**
 * Varints of ten bytes and more.
 * @param {Random} random
 */
function packedVarints(random) {
  const body = new Uint8Array(Math.floor(5000 * random())).fill(0xff);
  return joined(Uint8Array.of(((1 + Math.floor(9 * random())) << 3) | 2), varint(body.length), body);
}

/**
 * Valid messages that need not be in turn.
 * @param {Random} random
 * @param {Pick<import('./hostile.mjs').Hostile, 'wire' | 'job' | 'update'>} hostile
 */
export function wrongState(random, { wire, job, update }) {
  const round = Math.floor(6 * random()) - 2 + (update?.round ?? 0);
  /** @type {ClientMessage[]} */
  const messages = [
    { kind: 'requestMask', round: Math.max(0, round) },
    { kind: 'failed', round: Math.max(0, round), code: 'training_diverged', message: 'so it says' },
    { kind: 'evaluation', round: Math.max(0, round), evaluation: { lossSum: 1, correct: 1, samples: 2 } },
    { kind: 'candidateMoments', candidates: [], samples: 3 },
    { kind: 'candidateLosses', candidates: [{ lossSum: 1, correct: 0, samples: 1 }] },
    { kind: 'canaryResult', gradients: new Float32Array(Math.floor(2000 * random())) },
    {
      kind: 'join',
      protocolVersion: random() < 0.8 ? PROTOCOL_VERSION : 1,
      answer: randomBytes(random, 64),
      returnToken: random() < 0.5 ? null : 'no such token',
      name: 'hostile',
      part: random() < 0.5 ? null : Math.floor(5 * random()),
      profile: { backend: 'none', memoryBytes: 0, macsPerSecond: 0, platform: 'fuzz' },
      samples: Math.floor(9 * random()),
      classes: job.classes,
      imageShape: imageShapeOf(job.graph),
    },
    flatMeasured(Math.max(0, round), { graph: job.graph, mask: null, samples: 5 }),
  ];
  if (update !== null) messages.push({ kind: 'update', update: { ...update, round: Math.max(0, round) } });
  return encodeClientMessage(pick(random, messages), wire);
}

/**
 * Height, width and channels of the images that the graph takes.
 * @param {import('@espalier/core').ModelGraph} graph
 * @returns {readonly [number, number, number]}
 */
export function imageShapeOf(graph) {
  const input = graph.nodes.find((node) => node.op === 'input');
  if (input === undefined) throw new Error('the graph has no input');
  const [height, width, channels] = input.shape;
  if (height === undefined || width === undefined || channels === undefined)
    throw new Error(`the input is no image: ${input.shape.join('×')}`);
  return [height, width, channels];
}

/**
 * A first frame that claims any length.
 * @param {Random} random
 */
export function claimingFrame(random) {
  const header = joined(
    Uint8Array.of(0x08),
    varint(Math.floor(2 ** 32 * random())),
    Uint8Array.of(0x12, 32),
    new Uint8Array(32),
  );
  const chunk = randomBytes(random, 100);
  return joined(
    Uint8Array.of(0x08),
    varint(Math.floor(2 ** 32 * random())),
    Uint8Array.of(0x1a, 8),
    randomExactly(random, 8),
    Uint8Array.of(0x22),
    varint(chunk.length),
    chunk,
    Uint8Array.of(0x2a),
    varint(header.length),
    header,
  );
}

/**
 * @param {Random} random
 * @param {number} length
 */
function randomExactly(random, length) {
  return Uint8Array.from({ length }, () => 256 * random());
}

/**
 * One of the items. @throws RangeError when there are none.
 * @template T
 * @param {Random} random
 * @param {readonly T[]} items
 */
export function pick(random, items) {
  const item = items[Math.floor(items.length * random())];
  if (item === undefined) throw new RangeError('nothing to pick from');
  return item;
}

/** @param {number} value */
function varint(value) {
  /** @type {number[]} */
  const bytes = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return Uint8Array.of(...bytes, rest);
}

/** @param {readonly Uint8Array[]} parts */
function joined(...parts) {
  return new Uint8Array(Buffer.concat(parts));
}
