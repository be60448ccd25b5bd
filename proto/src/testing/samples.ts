import type { ClientUpdate } from '@espalier/core';
import { PROTOCOL_VERSION, type ClientMessage, type ServerMessage } from '@espalier/core/protocol';
import {
  sampleDataset,
  sampleGraph,
  sampleMask,
  sampleMoments,
  sampleNormalization,
  sampleSuccessor,
  sampleValues,
} from './sample-graph.js';

/** An example message of its kind; `name` is `<kind>/<case>`. */
export interface Sample<Message> {
  readonly name: string;
  readonly message: Message;
}

/** 8 active weights, and the stem (18), biases (2 + 3), norms (8) and the classifier's kernel (12). */
const PACKED = 51;

const HASH = 'a1'.repeat(32);

const reference = { version: sampleSuccessor.version, hash: sampleSuccessor.hash };

const job: Extract<ServerMessage, { kind: 'challenge' }>['job'] = {
  name: 'demo',
  seed: 7,
  numClients: 6,
  classes: sampleDataset.classes,
  graph: sampleGraph,
  data: { kind: 'procedural', numClasses: 3, samplesPerClass: 100, testSamplesPerClass: 0 },
  partition: { kind: 'dirichlet', alpha: 0.5, minSamples: 10 },
  serverSamplesPerClass: 5,
  normalization: sampleNormalization,
  developmentFraction: 0.1,
  evaluationFraction: 0,
  maxFrameBytes: 262144,
};

const work: Extract<ServerMessage, { kind: 'train' }>['work'] = {
  epochs: 2,
  batchSize: 32,
  learningRate: 0.05,
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 0.0005 },
  augmentation: { cropPadding: 4, flip: true },
  momentMode: { kind: 'pooled' },
  proximal: 0,
  topGradients: [],
};

const model = {
  mask: reference,
  maskUpdate: { kind: 'unchanged' as const },
  values: sampleValues(PACKED),
  moments: sampleMoments,
};

const update: ClientUpdate = {
  round: 3,
  maskHash: sampleSuccessor.hash,
  delta: sampleValues(PACKED),
  moments: sampleMoments,
  samples: 120,
  metrics: {
    loss: 1.25,
    steps: 8,
    samplesSeen: 240,
    seconds: 2.5,
    macs: 5_000_000_000,
    peakBytes: 1_048_576,
    microBatch: 32,
    backend: 'tfjs-wasm',
  },
  topGradients: [],
  evaluation: null,
};

const join: Extract<ClientMessage, { kind: 'join' }> = {
  kind: 'join',
  protocolVersion: PROTOCOL_VERSION,
  answer: new Uint8Array(0),
  returnToken: null,
  name: 'desk',
  part: null,
  profile: { backend: 'tfjs-wasm', memoryBytes: 0, macsPerSecond: 2.5e9, platform: 'node 20.20 linux x64' },
  samples: 300,
  classes: sampleDataset.classes,
  imageShape: [4, 4, 1],
};

const challenge = {
  kind: 'challenge' as const,
  protocolVersion: PROTOCOL_VERSION,
  nonce: Uint8Array.from({ length: 32 }, (_, i) => i),
  job,
};

/** At least one message of every kind that the coordinator sends. */
export const serverSamples: readonly Sample<ServerMessage>[] = [
  { name: 'challenge/procedural-dirichlet', message: challenge },
  {
    name: 'challenge/folder-iid',
    message: {
      ...challenge,
      job: {
        ...job,
        data: { kind: 'imageFolder', samplesPerClass: 1000, testSamplesPerClass: null, testFraction: 0 },
        partition: { kind: 'iid' },
      },
    },
  },
  {
    name: 'welcome/first',
    message: {
      kind: 'welcome',
      clientId: 'c-0',
      returnToken: 'return-me',
      partitionIndex: 0,
      canary: {
        graph: sampleGraph,
        values: sampleValues(97),
        batch: sampleDataset,
        normalization: sampleNormalization,
      },
    },
  },
  { name: 'admitted/plain', message: { kind: 'admitted' } },
  {
    name: 'refused/late',
    message: {
      kind: 'refused',
      code: 'late',
      message: 'round 3 is closed; the open round is 4',
      facts: { round: 3, open: 4, reason: 'deadline', again: true },
      fatal: false,
    },
  },
  {
    name: 'pool/two-candidates',
    message: {
      kind: 'pool',
      pool: {
        union: sampleMask.layers,
        values: sampleValues(PACKED),
        counts: [Uint32Array.of(6, 1), Uint32Array.of(4, 2)],
        moments: sampleMoments,
      },
      mode: { kind: 'ema', momentum: 0.9, passes: 10 },
      batchSize: 64,
    },
  },
  { name: 'poolMoments/two', message: { kind: 'poolMoments', candidates: [sampleMoments, sampleMoments] } },
  {
    name: 'train/values-only',
    message: { kind: 'train', round: 1, model, work, evaluate: false },
  },
  {
    name: 'train/mask-delta',
    message: {
      kind: 'train',
      round: 2,
      model: {
        ...model,
        maskUpdate: {
          kind: 'delta',
          parent: sampleMask.hash,
          layers: [
            { name: 'conv/kernel', dropped: Uint32Array.of(3, 35), grown: Uint32Array.of(20, 31) },
            { name: 'depth/kernel', dropped: Uint32Array.of(5), grown: Uint32Array.of(0) },
          ],
        },
      },
      work: {
        ...work,
        optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
        augmentation: null,
        topGradients: [{ layer: 'depth/kernel', count: 3 }],
      },
      evaluate: true,
    },
  },
  {
    name: 'train/whole-mask',
    message: {
      kind: 'train',
      round: 0,
      model: { ...model, maskUpdate: { kind: 'full', mask: sampleSuccessor } },
      work: { ...work, proximal: 0.01 },
      evaluate: false,
    },
  },
  {
    name: 'train/readjusting',
    message: {
      kind: 'train',
      round: 4,
      model,
      work: {
        ...work,
        readjustment: 0.25,
        extrusion: {
          penalty: 0.01,
          peakLearningRate: 0.05,
          maximumLearningRate: 0.1,
          share: 0.15,
          layers: ['conv/kernel', 'depth/kernel'],
        },
      },
      evaluate: false,
    },
  },
  {
    name: 'train/known-values',
    message: {
      kind: 'train',
      round: 5,
      model: { ...model, values: null },
      work: { ...work, momentMode: null },
      evaluate: true,
    },
  },
  {
    name: 'measure/plain',
    message: { kind: 'measure', round: 5, model: { ...model, moments: null }, batchSize: 64, samples: null },
  },
  {
    name: 'measure/some-samples',
    message: { kind: 'measure', round: 5, model: { ...model, moments: null }, batchSize: 64, samples: 500 },
  },
  { name: 'accepted/plain', message: { kind: 'accepted', round: 3 } },
  { name: 'finish/plain', message: { kind: 'finish', round: 10, model, evaluate: true } },
];

/** At least one message of every kind that a client sends. */
export const clientSamples: readonly Sample<ClientMessage>[] = [
  { name: 'join/open', message: join },
  {
    name: 'join/returning',
    message: {
      ...join,
      answer: Uint8Array.from({ length: 32 }, (_, i) => 255 - i),
      returnToken: 'return-me',
      part: 0,
    },
  },
  { name: 'canaryResult/plain', message: { kind: 'canaryResult', gradients: sampleValues(97) } },
  {
    name: 'candidateMoments/two',
    message: { kind: 'candidateMoments', candidates: [sampleMoments, sampleMoments], samples: 30 },
  },
  {
    name: 'candidateLosses/two',
    message: {
      kind: 'candidateLosses',
      candidates: [
        { lossSum: 33.5, correct: 12, samples: 30 },
        { lossSum: 31.25, correct: 14, samples: 30 },
      ],
    },
  },
  { name: 'update/ordinary', message: { kind: 'update', update } },
  {
    name: 'update/adjusting',
    message: {
      kind: 'update',
      update: {
        ...update,
        maskHash: HASH,
        topGradients: [
          {
            layer: 'depth/kernel',
            indices: Uint32Array.of(1, 2, 16),
            values: Float32Array.of(0.5, -2, 0.25),
          },
        ],
        evaluation: { lossSum: 40.5, correct: 9, samples: 30 },
      },
    },
  },
  {
    name: 'update/own-mask',
    message: {
      kind: 'update',
      update: {
        ...update,
        maskHash: sampleMask.hash,
        ownMask: {
          hash: HASH,
          layers: [
            { name: 'conv/kernel', dropped: Uint32Array.of(3, 35), grown: Uint32Array.of(20, 31) },
            { name: 'depth/kernel', dropped: Uint32Array.of(5), grown: Uint32Array.of(0) },
          ],
        },
      },
    },
  },
  { name: 'update/without-moments', message: { kind: 'update', update: { ...update, moments: null } } },
  {
    name: 'measured/plain',
    message: {
      kind: 'measured',
      measurement: { round: 5, moments: sampleMoments, samples: 120, macs: 1_500_000, seconds: 0.5 },
    },
  },
  { name: 'requestMask/plain', message: { kind: 'requestMask', round: 3 } },
  {
    name: 'evaluation/plain',
    message: { kind: 'evaluation', round: 10, evaluation: { lossSum: 12.5, correct: 25, samples: 30 } },
  },
  {
    name: 'failed/diverged',
    message: { kind: 'failed', round: 3, code: 'training_diverged', message: 'the loss of step 4 is NaN' },
  },
  { name: 'leave/plain', message: { kind: 'leave', reason: 'stopped by its user' } },
];
