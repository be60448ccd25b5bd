import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Batch } from '../data/batches.js';
import type { GraphNode, ModelGraph, Padding, Size2 } from '../graph/model-graph.js';
import { plainOpsOf } from '../graph/plain-ops.js';
import { parameterSpecs } from '../graph/parameters.js';
import type { Mask } from '../mask/mask.js';
import { smallGraphs } from './graph-arbitrary.js';
import { masksOf, noiseBatch, unevenState } from './network-arbitrary.js';
import { doubled, referenceForward, referenceGradients, type SampledGradient } from './reference-network.js';
import {
  largest,
  maskAt,
  smallNetwork,
  type MakeTrainer,
  type TrainerContractOptions,
} from './trainer-contract-fixtures.js';

/** Nearer to a kink than this, one-sided slopes differ and float32 may take the other side. */
const KINK = 1e-4;

/** Gradients of every op, of a network of all of them, and of random networks. */
export function gradientContract(makeTrainer: MakeTrainer, { tolerance }: TrainerContractOptions): void {
  const check = async (graph: ModelGraph, batch: Batch, mask: Mask | null): Promise<void> => {
    const state = unevenState(graph, 3, mask);
    const params = doubled(state.params);
    const trainer = await makeTrainer();
    try {
      await trainer.load(graph, state, mask);
      const { loss, gradients } = await trainer.gradients(batch);

      const expectedLoss = referenceForward(graph, params, batch).lossSum / batch.size;
      expect(Math.abs(loss - expectedLoss)).toBeLessThanOrEqual(tolerance * Math.max(1, expectedLoss));
      expect([...gradients].map(([name, values]) => [name, values.length])).toEqual(
        parameterSpecs(graph).map(({ name, size }) => [name, size]),
      );
      expectClose(gradients, referenceGradients(graph, params, batch), tolerance);
    } finally {
      await trainer.dispose();
    }
  };

  describe('gradients', () => {
    it.each(Object.keys(opNetworks))('of %s agree with central differences', async (name) => {
      const graph = opNetworks[name]!;
      const batch = noiseBatch(graph, 3, 7);
      // Noise of 6 standard units makes relu6 reach its ceiling.
      const images = name === 'relu6' ? batch.images.map((value) => 6 * value) : batch.images;
      const { nearestKink } = referenceForward(graph, doubled(unevenState(graph, 3).params), {
        ...batch,
        images,
      });
      expect(nearestKink).toBeGreaterThan(KINK);

      await check(graph, { ...batch, images }, null);
    });

    it('of a masked network are those of all its weights, inactive ones too', async () => {
      await check(smallNetwork, noiseBatch(smallNetwork, 5, 9), maskAt(smallNetwork, 0.3));
    });

    it('of a batch of one sample agree too', async () => {
      await check(smallNetwork, noiseBatch(smallNetwork, 1, 4), null);
    });

    it('of random networks agree with central differences', async () => {
      const cases = smallGraphs({ maxSteps: 4, maxExtent: 4 }).chain((graph) =>
        fc.tuple(fc.constant(graph), masksOf(graph), fc.integer({ min: 1, max: 4 }), fc.nat(1000)),
      );
      await fc.assert(
        fc.asyncProperty(cases, async ([graph, mask, size, seed]) => {
          const batch = noiseBatch(graph, size, seed);
          const params = doubled(unevenState(graph, 3, mask).params);
          fc.pre(params.size > 0 && referenceForward(graph, params, batch).nearestKink > KINK);
          await check(graph, batch, mask);
        }),
        { seed: 1, numRuns: 30 },
      );
    });
  });
}

/**
 * Close as measured by the layer's largest gradient. A layer with hardly any effect, such as a bias before a
 * batch norm, is measured by a tenth of the largest of all: its gradient consists of cancelled rounding
 * errors.
 */
function expectClose(
  found: ReadonlyMap<string, Float32Array>,
  expected: ReadonlyMap<string, SampledGradient>,
  tolerance: number,
): void {
  const overall = Math.max(...[...expected.values()].map((sampled) => largest([...sampled.values()])));
  const wrong = [...expected].flatMap(([name, sampled]) => {
    const scale = Math.max(largest([...sampled.values()]), 0.1 * overall);
    const errors = [...sampled].map(([i, value]) => Math.abs(found.get(name)![i]! - value) / scale);
    // Written so that a NaN is wrong too.
    return errors.every((error) => error <= tolerance) ? [] : [{ name, error: Math.max(...errors) }];
  });
  expect(wrong).toEqual([]);
}

const IMAGE: Size2 = [5, 4];

/** One small network per op and variant, each ending in a dense layer. */
const opNetworks: Readonly<Record<string, ModelGraph>> = {
  dense: network([{ op: 'flatten', name: 'a', inputs: ['lift'] }]),
  'conv2d same': convNetwork({}),
  'conv2d valid with bias': convNetwork({ padding: 'valid', useBias: true }),
  'conv2d explicit padding': convNetwork({ padding: { top: 2, bottom: 0, left: 1, right: 2 } }),
  'conv2d padded beyond its kernel': convNetwork({ padding: { top: 3, bottom: 3, left: 0, right: 4 } }),
  'conv2d stride 2 same': convNetwork({ strides: [2, 2] }),
  'conv2d stride 2 explicit': convNetwork({
    strides: [2, 2],
    padding: { top: 1, bottom: 1, left: 1, right: 1 },
  }),
  'conv2d uneven kernel and strides': convNetwork({ kernelSize: [2, 3], strides: [1, 3], padding: 'valid' }),
  'conv2d leaving pixels unseen': convNetwork({ kernelSize: [2, 2], strides: [3, 3], padding: 'valid' }),
  'conv2d 1x1': convNetwork({ kernelSize: [1, 1] }),
  'conv2d 1x1 stride 2': convNetwork({ kernelSize: [1, 1], strides: [2, 2] }),
  'conv2d groups': convNetwork({ groups: 2, filters: 6 }),
  'conv2d depthwise': convNetwork({ groups: 4, filters: 4, strides: [2, 1] }),
  'conv2d depthwise with multiplier': convNetwork({
    groups: 4,
    filters: 8,
    padding: { top: 1, bottom: 0, left: 2, right: 1 },
  }),
  batchNorm: network([{ op: 'batchNorm', name: 'a', inputs: ['lift'], epsilon: 1e-3, initialGamma: 1 }]),
  'batchNorm of features': network([
    { op: 'flatten', name: 'f', inputs: ['lift'] },
    { op: 'batchNorm', name: 'a', inputs: ['f'], epsilon: 1e-3, initialGamma: 1 },
  ]),
  ...plainNetworks('activation'),
  add: network([{ op: 'add', name: 'a', inputs: ['lift', 'image', 'lift'] }]),
  concat: network([{ op: 'concat', name: 'a', inputs: ['image', 'lift', 'image'] }]),
  'maxPool same': poolNetwork('maxPool', { padding: 'same', strides: [2, 2] }),
  'maxPool overlapping, explicit': poolNetwork('maxPool', {
    padding: { top: 1, bottom: 1, left: 0, right: 1 },
  }),
  'maxPool valid': poolNetwork('maxPool', { poolSize: [2, 3], strides: [2, 1] }),
  'maxPool of one pixel': poolNetwork('maxPool', { poolSize: [1, 1], strides: [2, 2] }),
  'avgPool same': poolNetwork('avgPool', { padding: 'same', strides: [2, 2] }),
  'avgPool overlapping, explicit': poolNetwork('avgPool', {
    padding: { top: 1, bottom: 0, left: 2, right: 1 },
  }),
  'avgPool valid': poolNetwork('avgPool', { poolSize: [2, 3], strides: [2, 1] }),
  'avgPool of one pixel': poolNetwork('avgPool', { poolSize: [1, 1], strides: [2, 3] }),
  ...plainNetworks('globalPool'),
};

function plainNetworks(family: 'activation' | 'globalPool'): Readonly<Record<string, ModelGraph>> {
  const networks = plainOpsOf(family).map(
    (op) => [op, network([{ op, name: 'a', inputs: ['lift'] }])] as const,
  );
  return Object.fromEntries<ModelGraph>(networks);
}

type ConvNode = Extract<GraphNode, { op: 'conv2d' }>;
type PoolNode = Extract<GraphNode, { op: 'maxPool' | 'avgPool' }>;

function convNetwork(options: Partial<ConvNode>): ModelGraph {
  const padding: Padding = 'same';
  const plain = {
    filters: 3,
    kernelSize: [3, 3],
    strides: [1, 1],
    groups: 1,
    useBias: false,
    padding,
  } as const;
  return network([{ op: 'conv2d', name: 'a', inputs: ['lift'], ...plain, ...options }]);
}

function poolNetwork(op: PoolNode['op'], options: Partial<PoolNode>): ModelGraph {
  const plain = { poolSize: [3, 3], strides: [1, 1], padding: 'valid' } as const;
  return network([{ ...plain, ...options, op, name: 'a', inputs: ['lift'] }]);
}

/** `lift`, a 1×1 convolution to four channels, comes first, so that input gradients are needed. */
function network(middle: readonly GraphNode[]): ModelGraph {
  const last = middle.at(-1)!.name;
  return {
    name: 'one op',
    nodes: [
      { op: 'input', name: 'image', inputs: [], shape: [...IMAGE, 4] },
      {
        op: 'conv2d',
        name: 'lift',
        inputs: ['image'],
        filters: 4,
        kernelSize: [1, 1],
        strides: [1, 1],
        padding: 'valid',
        groups: 1,
        useBias: true,
      },
      ...middle,
      { op: 'flatten', name: 'flat', inputs: [last] },
      { op: 'dense', name: 'fc', inputs: ['flat'], units: 3, useBias: true },
    ],
    output: 'fc',
    blocks: [],
  };
}
