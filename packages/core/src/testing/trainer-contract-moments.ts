import { describe, expect, it } from '@jest/globals';
import { MomentAccumulator } from '../batchnorm/moment-accumulator.js';
import { epochBatches } from '../data/batches.js';
import type { Dataset } from '../data/dataset.js';
import type { ModelGraph } from '../graph/model-graph.js';
import type { MomentTree } from '../params/model-state.js';
import { initialState } from '../params/initialize.js';
import { applyMask } from '../params/pack.js';
import type { MomentMode } from '../trainer/trainer.js';
import { unevenState } from './network-arbitrary.js';
import { doubled, referenceForward } from './reference-network.js';
import {
  distance,
  evaluateOptions,
  largest,
  maskAt,
  PLAIN_BYTES,
  smallNetwork,
  trainOptions,
  twoClasses,
  type MakeTrainer,
  type TrainerContractOptions,
} from './trainer-contract-fixtures.js';

/** Batch norm straight on the pixels, so that its statistics can be worked out by hand. */
const pixelNorm: ModelGraph = {
  name: 'pixel norm',
  nodes: [
    { op: 'input', name: 'image', inputs: [], shape: [1, 2, 1] },
    { op: 'batchNorm', name: 'bn', inputs: ['image'], epsilon: 1e-3, initialGamma: 1 },
    { op: 'flatten', name: 'flat', inputs: ['bn'] },
    { op: 'dense', name: 'fc', inputs: ['flat'], units: 2, useBias: true },
  ],
  output: 'fc',
  blocks: [],
};

/** Three images of two pixels: 1 3, 5 7, 20 30; in batches of two: {1, 3, 5, 7} and {20, 30}. */
const pixels: Dataset = {
  imageShape: [1, 2, 1],
  classes: ['a', 'b'],
  images: Uint8Array.of(1, 3, 5, 7, 20, 30),
  labels: Uint16Array.of(0, 1, 0),
};

/** Batch-norm statistics: exact pooling, moving averages, and where each comes from. */
export function momentContract(makeTrainer: MakeTrainer, { tolerance }: TrainerContractOptions): void {
  const reading = { batchSize: 2, normalization: PLAIN_BYTES };
  const measure = async (mode: MomentMode): Promise<{ mean: number; variance: number }> => {
    const trainer = await makeTrainer();
    await trainer.load(pixelNorm, initialState(pixelNorm, 1), null);
    const moments = await trainer.batchNormMoments(pixels, { ...reading, mode });
    await trainer.dispose();
    return { mean: moments.get('bn')!.mean[0]!, variance: moments.get('bn')!.variance[0]! };
  };

  describe('batch-norm moments', () => {
    it('pool over all positions, with population variance', async () => {
      const { mean, variance } = await measure({ kind: 'pooled' });

      // Sum 66, sum of squares 1 + 9 + 25 + 49 + 400 + 900 = 1384, over 6: 11 and 1384/6 − 121.
      expect(mean).toBeCloseTo(11, 3);
      expect(variance).toBeCloseTo(1384 / 6 - 121, 2);
    });

    it('average over the batches, keeping the stated fraction', async () => {
      const { mean, variance } = await measure({ kind: 'ema', momentum: 0.75, passes: 1 });

      // Batches of mean 4 and 25, population variance 5 and 25, from 0 and 1.
      expect(mean).toBeCloseTo(0.75 * (0.25 * 4) + 0.25 * 25, 3);
      expect(variance).toBeCloseTo(0.75 * (0.75 * 1 + 0.25 * 5) + 0.25 * 25, 3);
    });

    it('average on over several passes', async () => {
      const { mean } = await measure({ kind: 'ema', momentum: 0.5, passes: 2 });

      const once = (from: number): number => 0.5 * (0.5 * from + 0.5 * 4) + 0.5 * 25;
      expect(mean).toBeCloseTo(once(once(0)), 3);
    });

    it.each<[string, MomentMode]>([
      ['pooled', { kind: 'pooled' }],
      ['moving', { kind: 'ema', momentum: 0.9, passes: 1 }],
    ])('come out of training too: %s', async (_, momentMode) => {
      const options = { ...trainOptions, learningRate: 0, epochs: 2, batchSize: 64, momentMode };
      const state = unevenState(smallNetwork, 4);
      const trainer = await makeTrainer();
      await trainer.load(smallNetwork, state, null);
      const read = { ...evaluateOptions, batchSize: 64 };
      const expected = await trainer.batchNormMoments(twoClasses(9), {
        ...read,
        mode: momentMode.kind === 'ema' ? { ...momentMode, passes: 2 } : momentMode,
      });
      const trained = await trainer.train(twoClasses(9), options);
      const loaded = await trainer.evaluate(twoClasses(9), read);
      await trainer.load(smallNetwork, trained.state, null);
      const reloaded = await trainer.evaluate(twoClasses(9), read);
      await trainer.dispose();

      // One batch holds all samples, so that only the order of summation differs.
      expectMoments(trained.state.moments, expected, tolerance);
      expect(loaded).toEqual(reloaded);
    });

    it('of a deep, masked network pool what each batch gives when normalised by itself', async () => {
      const mask = maskAt(smallNetwork, 0.4);
      const state = unevenState(smallNetwork, 6);
      const trainer = await makeTrainer();
      await trainer.load(smallNetwork, state, mask);
      const before = await trainer.evaluate(twoClasses(10), evaluateOptions);
      const found = await trainer.batchNormMoments(twoClasses(10), {
        ...evaluateOptions,
        mode: { kind: 'pooled' },
      });
      const after = await trainer.evaluate(twoClasses(10), evaluateOptions);
      await trainer.dispose();

      const pooled = new MomentAccumulator(smallNetwork);
      const params = doubled(applyMask(smallNetwork, mask, state.params));
      for (const batch of epochBatches(twoClasses(10), evaluateOptions)) {
        const { statistics } = referenceForward(smallNetwork, params, batch);
        for (const [node, moments] of statistics) pooled.addBatch(node, moments);
      }
      expectMoments(found, pooled.result(), tolerance);
      expect(after).toEqual(before);
    });
  });
}

function expectMoments(found: MomentTree, expected: MomentTree, tolerance: number): void {
  expect([...found.keys()]).toEqual([...expected.keys()]);
  for (const [node, { mean, variance }] of expected) {
    const scale = 1 + largest(mean) + largest(variance);
    expect(distance(found.get(node)!.mean, mean)).toBeLessThanOrEqual(tolerance * scale);
    expect(distance(found.get(node)!.variance, variance)).toBeLessThanOrEqual(tolerance * scale);
  }
}
