import {
  ERROR_CODES,
  Mask,
  momentSpecs,
  type ClientUpdate,
  type Evaluation,
  type MaskUpdate,
  type MomentMode,
  type MomentTree,
  type Optimizer,
  type SparseModel,
  type TrainWork,
  printable,
} from '@espalier/core';
import type { ClientMessage, ServerMessage } from '@espalier/core/protocol';
import type { NestedPool } from '@espalier/core/round';
import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { sampleDataset, sampleGraph, sampleMask, sampleNormalization } from './sample-graph.js';

const UINT32 = 0xffffffff;

/** Control characters are refused in names and removed from prose: decoded text has none. */
const text = fc.string({ unit: 'binary', maxLength: 20 }).map(printable);
const uint32 = fc.oneof(fc.nat({ max: UINT32 }), fc.constantFrom(0, 1, UINT32));
const positive = fc.integer({ min: 1, max: UINT32 });
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const nonNegative = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });
const bytes = fc.uint8Array({ maxLength: 40 });
const hash = fc.stringMatching(/^[0-9a-f]{64}$/);
const code = fc.constantFrom(...ERROR_CODES);
const float32 = fc.float({ noNaN: true, noDefaultInfinity: true });

const values: Arbitrary<Float32Array> = floats(float32, { maxLength: 60 });

function floats(value: Arbitrary<number>, length: fc.ArrayConstraints): Arbitrary<Float32Array> {
  return fc.array(value, length).map((list) => Float32Array.from(list));
}

function channelValues(value: Arbitrary<number>, channels: number): Arbitrary<Float32Array> {
  return floats(value, { minLength: channels, maxLength: channels });
}

const moments: Arbitrary<MomentTree> = fc
  .tuple(
    ...momentSpecs(sampleGraph).map(({ node, channels }) =>
      fc.record({
        node: fc.constant(node),
        mean: channelValues(float32, channels),
        variance: channelValues(fc.float({ min: 0, noNaN: true, noDefaultInfinity: true }), channels),
      }),
    ),
  )
  .map((parts) => new Map(parts.map(({ node, mean, variance }) => [node, { mean, variance }])));

/** Ascending indices of a layer: none, some or all. */
function indices(size: number): Arbitrary<Uint32Array> {
  const all = Array.from({ length: size }, (_, i) => i);
  return fc.subarray(all).map((some) => Uint32Array.from(some));
}

const layers = fc.tuple(
  ...sampleMask.layers.map(({ name, size }) => indices(size).map((active) => ({ name, size, active }))),
);

const lineage = fc.record({ version: uint32, parent: fc.option(hash) });
const mask = fc.tuple(layers, lineage).map(([parts, from]) => new Mask(parts, from));

const deltaLayers = fc
  .subarray([...sampleMask.layers])
  .chain((changed) =>
    fc.tuple(
      ...changed.map(({ name, size }) =>
        fc.record({ name: fc.constant(name), dropped: indices(size), grown: indices(size) }),
      ),
    ),
  );

const maskUpdate: Arbitrary<MaskUpdate> = fc.oneof(
  fc.constant({ kind: 'unchanged' as const }),
  fc.record({ kind: fc.constant('full' as const), mask }),
  fc.record({ kind: fc.constant('delta' as const), parent: hash, layers: deltaLayers }),
);

const model: Arbitrary<SparseModel> = fc.record({
  mask: fc.record({ version: uint32, hash }),
  maskUpdate,
  values: fc.option(values),
  moments: fc.option(moments),
});

const pool: Arbitrary<NestedPool> = layers.chain((union) =>
  fc.record({
    union: fc.constant(union),
    values,
    counts: fc.array(
      fc.tuple(...union.map(({ active }) => fc.nat(active.length))).map((row) => Uint32Array.from(row)),
      { maxLength: 4 },
    ),
    moments,
  }),
);

const momentMode: Arbitrary<MomentMode> = fc.oneof(
  fc.constant({ kind: 'pooled' as const }),
  fc.record({ kind: fc.constant('ema' as const), momentum: nonNegative, passes: uint32 }),
);

const optimizer: Arbitrary<Optimizer> = fc.oneof(
  fc.record({ kind: fc.constant('sgd' as const), momentum: nonNegative, weightDecay: nonNegative }),
  fc.record({
    kind: fc.constant('adam' as const),
    beta1: nonNegative,
    beta2: nonNegative,
    epsilon: nonNegative,
    weightDecay: nonNegative,
  }),
);

const layer = fc.constantFrom(...sampleMask.layers);

const plainWork: Arbitrary<TrainWork> = fc.record({
  epochs: uint32,
  batchSize: positive,
  learningRate: nonNegative,
  optimizer,
  augmentation: fc.option(fc.record({ cropPadding: uint32, flip: fc.boolean() })),
  momentMode: fc.option(momentMode),
  proximal: nonNegative,
  topGradients: fc.array(
    layer.chain(({ name, size }) => fc.record({ layer: fc.constant(name), count: fc.nat(size) })),
    { maxLength: 3 },
  ),
});

const share = fc.double({ min: 0, max: 1, minExcluded: true, noNaN: true });

const extrusion = fc.record({
  penalty: nonNegative,
  peakLearningRate: nonNegative,
  maximumLearningRate: nonNegative,
  share,
  layers: fc.subarray(sampleMask.layers.map(({ name }) => name)),
});

const work = fc
  .tuple(plainWork, fc.option(share), fc.option(extrusion))
  .map(([plain, readjustment, pressing]): TrainWork => ({
    ...plain,
    ...(readjustment === null ? {} : { readjustment }),
    ...(pressing === null ? {} : { extrusion: pressing }),
  }));

const evaluation: Arbitrary<Evaluation> = fc
  .tuple(nonNegative, uint32, uint32)
  .map(([lossSum, a, b]) => ({ lossSum, correct: Math.min(a, b), samples: Math.max(a, b) }));

const topGradients = layer.chain(({ name, size }) =>
  indices(size).chain((some) =>
    fc.record({
      layer: fc.constant(name),
      indices: fc.constant(some),
      values: channelValues(float32, some.length),
    }),
  ),
);

const plainUpdate: Arbitrary<ClientUpdate> = fc.record({
  round: uint32,
  maskHash: hash,
  delta: values,
  moments: fc.option(moments),
  samples: uint32,
  metrics: fc.record({
    loss: nonNegative,
    steps: uint32,
    samplesSeen: uint32,
    seconds: nonNegative,
    macs: nonNegative,
    peakBytes: nonNegative,
    microBatch: uint32,
    backend: text,
  }),
  topGradients: fc.array(topGradients, { maxLength: 3 }),
  evaluation: fc.option(evaluation),
});

const update = fc
  .tuple(plainUpdate, fc.option(fc.record({ hash, layers: deltaLayers })))
  .map(([plain, ownMask]): ClientUpdate => (ownMask === null ? plain : { ...plain, ownMask }));

const facts = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), fc.oneof(text, fc.double(), fc.boolean()), {
  maxKeys: 4,
  noNullPrototype: true,
});

const job = fc.record({
  name: text,
  seed: finite,
  numClients: positive,
  classes: fc.array(text, { maxLength: 4 }),
  graph: fc.constant(sampleGraph),
  data: fc.oneof(
    fc.record({
      kind: fc.constantFrom('imageFolder' as const, 'cifarBinary' as const, 'idx' as const, 'npy' as const),
      samplesPerClass: fc.option(uint32),
      testSamplesPerClass: fc.option(uint32),
      testFraction: fc.constantFrom(0, 0.25, 0.999),
    }),
    fc.record({
      kind: fc.constant('procedural' as const),
      numClasses: uint32,
      samplesPerClass: uint32,
      testSamplesPerClass: uint32,
    }),
  ),
  partition: fc.oneof(
    fc.constant({ kind: 'iid' as const }),
    fc.record({ kind: fc.constant('dirichlet' as const), alpha: nonNegative, minSamples: uint32 }),
    fc.record({ kind: fc.constant('shards' as const), classesPerClient: uint32, minSamples: uint32 }),
    fc.record({ kind: fc.constant('quantitySkew' as const), alpha: nonNegative, minSamples: uint32 }),
    fc.constant({ kind: 'byFolder' as const }),
    fc.record({ kind: fc.constant('file' as const), path: text }),
  ),
  serverSamplesPerClass: uint32,
  normalization: fc.constant(sampleNormalization),
  developmentFraction: nonNegative,
  evaluationFraction: nonNegative,
  maxFrameBytes: positive,
});

const canary = fc.record({
  graph: fc.constant(sampleGraph),
  values: channelValues(float32, 97),
  batch: fc.constant(sampleDataset),
  normalization: fc.constant(sampleNormalization),
});

/** Any message of the coordinator, on the sample graph. */
export const serverMessages: Arbitrary<ServerMessage> = fc.oneof(
  fc.record({ kind: fc.constant('challenge' as const), protocolVersion: uint32, nonce: bytes, job }),
  fc.record({
    kind: fc.constant('welcome' as const),
    clientId: text,
    returnToken: text,
    partitionIndex: uint32,
    canary,
  }),
  fc.constant({ kind: 'admitted' as const }),
  fc.record({ kind: fc.constant('refused' as const), code, message: text, facts, fatal: fc.boolean() }),
  fc.record({ kind: fc.constant('pool' as const), pool, mode: momentMode, batchSize: positive }),
  fc.record({ kind: fc.constant('poolMoments' as const), candidates: fc.array(moments, { maxLength: 4 }) }),
  fc.record({ kind: fc.constant('train' as const), round: uint32, model, work, evaluate: fc.boolean() }),
  fc.record({
    kind: fc.constant('measure' as const),
    round: uint32,
    model,
    batchSize: positive,
    samples: fc.option(positive),
  }),
  fc.record({ kind: fc.constant('accepted' as const), round: uint32 }),
  fc.record({ kind: fc.constant('finish' as const), round: uint32, model, evaluate: fc.boolean() }),
);

/** Any message of a client, on the sample graph. */
export const clientMessages: Arbitrary<ClientMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('join' as const),
    protocolVersion: uint32,
    answer: bytes,
    returnToken: fc.option(text),
    name: text,
    part: fc.option(uint32),
    profile: fc.record({
      backend: text,
      memoryBytes: nonNegative,
      macsPerSecond: nonNegative,
      platform: text,
    }),
    samples: uint32,
    classes: fc.array(text, { maxLength: 4 }),
    imageShape: fc.tuple(positive, positive, positive),
  }),
  fc.record({ kind: fc.constant('canaryResult' as const), gradients: values }),
  fc.record({
    kind: fc.constant('candidateMoments' as const),
    candidates: fc.array(moments, { maxLength: 4 }),
    samples: uint32,
  }),
  fc.record({
    kind: fc.constant('candidateLosses' as const),
    candidates: fc.array(evaluation, { maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant('update' as const), update }),
  fc.record({
    kind: fc.constant('measured' as const),
    measurement: fc.record({
      round: uint32,
      moments,
      samples: uint32,
      macs: nonNegative,
      seconds: nonNegative,
    }),
  }),
  fc.record({ kind: fc.constant('requestMask' as const), round: uint32 }),
  fc.record({ kind: fc.constant('evaluation' as const), round: uint32, evaluation }),
  fc.record({ kind: fc.constant('failed' as const), round: uint32, code, message: text }),
  fc.record({ kind: fc.constant('leave' as const), reason: text }),
);

/** Bytes near those given: some overwritten, a piece cut out or doubled, or the end cut off. */
export function damaged(original: Uint8Array): Arbitrary<Uint8Array> {
  const position = fc.nat(Math.max(0, original.length - 1));
  const edit = fc.record({
    at: position,
    cut: fc.constantFrom(0, 0, 1, 1, 2, 7),
    put: fc.uint8Array({ maxLength: 3 }),
  });
  return fc.array(edit, { minLength: 1, maxLength: 3 }).map((edits) => {
    let result = [...original];
    for (const { at, cut, put } of edits)
      result = [...result.slice(0, at), ...put, ...result.slice(at + cut)];
    return Uint8Array.from(result);
  });
}
