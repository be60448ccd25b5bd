/**
 * Prints the tables of sizes in docs/protocol.md: `node tools/wire-sizes.mjs` (build proto first).
 * Bytes are those of a connection: the encoded message cut into frames of 256 KiB.
 */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import * as core from '../packages/core/dist/index.js';
import * as proto from '../proto/dist/index.js';
import { exchanged, randomMask, randomState } from '../proto/dist/testing/random-model.js';
import { clientSamples, serverSamples } from '../proto/dist/testing/samples.js';
import { root } from './workspace.mjs';

/**
 * @typedef {import('../packages/core/dist/index.js').ModelGraph} ModelGraph
 * @typedef {import('../packages/core/dist/doors/protocol.js').ServerMessage} ServerMessage
 * @typedef {import('../packages/core/dist/doors/protocol.js').ClientMessage} ClientMessage
 */

/**
 * The message of that kind in the sample of that name.
 * @template {{ kind: string }} Message
 * @template {Message['kind']} Kind
 * @param {readonly { name: string, message: Message }[]} samples
 * @param {string} name
 * @param {Kind} kind
 * @returns {Extract<Message, { kind: Kind }>}
 */
function sample(samples, name, kind) {
  const found = samples.find((candidate) => candidate.name === name)?.message;
  if (found === undefined || !hasKind(found, kind)) throw new Error(`no sample ${name} of kind ${kind}`);
  return found;
}

/**
 * @template {{ kind: string }} Message
 * @template {Message['kind']} Kind
 * @param {Message} message
 * @param {Kind} kind
 * @returns {message is Extract<Message, { kind: Kind }>}
 */
function hasKind(message, kind) {
  return message.kind === kind;
}

/**
 * Bytes with framing.
 * @param {Uint8Array} bytes
 */
function framed(bytes) {
  const frames = [...proto.splitFrames(bytes, { transferId: 1, maxFrameBytes: 262144 })];
  return frames.reduce((sum, frame) => sum + frame.length, 0);
}

/**
 * The messages of a job on that network: pool of ten, an adjustment of all layers by 30 %.
 * @param {ModelGraph} graph
 * @param {number} density
 * @returns {(readonly ['→', string, ServerMessage] | readonly ['←', string, ClientMessage])[]}
 */
function messages(graph, density) {
  const mask = randomMask(graph, density);
  const union = randomMask(graph, Math.min(1, 1.5 * density));
  const { params, moments } = randomState(graph, mask);
  const values = core.packActive(graph, mask, params);
  const delta = exchanged(mask, 0.3);
  const reference = { version: 1, hash: mask.hash };
  const train = sample(serverSamples, 'train/values-only', 'train');
  const { update } = sample(clientSamples, 'update/ordinary', 'update');
  /** @typedef {import('../packages/core/dist/index.js').SparseModel['maskUpdate']} MaskUpdate */
  /** @param {MaskUpdate} maskUpdate */
  const model = (maskUpdate) => ({ mask: reference, maskUpdate, values, moments });
  /** @param {MaskUpdate} maskUpdate */
  const trainWith = (maskUpdate) => ({ ...train, model: model(maskUpdate) });
  const pool = {
    union: union.layers,
    values: core.packActive(graph, union, randomState(graph, union).params),
    counts: Array.from({ length: 10 }, () => Uint32Array.from(mask.layers, ({ active }) => active.length)),
    moments,
  };
  const ten = Array.from({ length: 10 }, () => moments);
  const loss = { lossSum: 12.5, correct: 5, samples: 30 };
  const top = delta.map(({ name, grown }) => ({
    layer: name,
    indices: grown,
    values: new Float32Array(grown.length).fill(0.5),
  }));
  const own = { ...update, maskHash: mask.hash, delta: values, moments };
  return [
    ['→', 'pool of ten', { ...sample(serverSamples, 'pool/two-candidates', 'pool'), pool }],
    ['←', 'candidateMoments', { kind: 'candidateMoments', candidates: ten, samples: 30 }],
    ['→', 'poolMoments', { kind: 'poolMoments', candidates: ten }],
    ['←', 'candidateLosses', { kind: 'candidateLosses', candidates: Array.from({ length: 10 }, () => loss) }],
    ['→', 'train, whole mask', trainWith({ kind: 'full', mask })],
    ['→', 'train, values only', trainWith({ kind: 'unchanged' })],
    ['→', 'train, mask delta', trainWith({ kind: 'delta', parent: mask.hash, layers: delta })],
    ['←', 'update, ordinary', { kind: 'update', update: { ...own, topGradients: [] } }],
    ['←', 'update, adjusting', { kind: 'update', update: { ...own, topGradients: top } }],
  ];
}

/**
 * @param {ModelGraph} graph
 * @param {number} density
 */
function column(graph, density) {
  const context = proto.wireContext(graph);
  return messages(graph, density).map((entry) => {
    const [direction, name] = entry;
    const bytes =
      entry[0] === '→'
        ? proto.encodeServerMessage(entry[2], context)
        : proto.encodeClientMessage(entry[2], context);
    return { direction, name, bytes: framed(bytes) };
  });
}

/** @type {readonly (readonly [name: string, graph: ModelGraph, density: number])[]} */
const nets = [
  ['cnn-small, 16×16×3, 0.1', core.buildModel({ name: 'cnn-small', width: 16 }, [16, 16, 3], 10), 0.1],
  ['resnet18 width 16, 0.05', core.buildModel({ name: 'resnet18', width: 16 }, [32, 32, 3], 10), 0.05],
  ['resnet18 width 64, 0.01', core.buildModel({ name: 'resnet18', width: 64 }, [32, 32, 3], 10), 0.01],
];

const vectors = path.join(root, 'proto', 'vectors');
console.log('| vector | bytes |\n|---|--:|');
for (const file of readdirSync(vectors, { recursive: true, encoding: 'utf8' }).sort()) {
  if (!file.endsWith('.bin')) continue;
  console.log(`| \`${file.slice(0, -4)}\` | ${statSync(path.join(vectors, file)).size} |`);
}

const columns = nets.map(([, graph, density]) => column(graph, density));
console.log(`\n| | ${nets.map(([name]) => name).join(' | ')} |\n|---|${'--:|'.repeat(nets.length)}`);
for (const [row, { direction, name }] of (columns[0] ?? []).entries()) {
  const cells = columns.map((rows) => rows[row]?.bytes.toLocaleString('en') ?? '');
  console.log(`| ${direction} ${name} | ${cells.join(' | ')} |`);
}
const floats = nets.map(([, graph, density]) => {
  const mask = randomMask(graph, density);
  return mask.activeCount + core.alwaysDenseCount(graph) + core.momentCount(graph);
});
console.log(
  `| values and moments alone, 4 bytes each | ${floats.map((n) => (4 * n).toLocaleString('en')).join(' | ')} |`,
);
