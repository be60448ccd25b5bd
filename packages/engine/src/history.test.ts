import { describe, expect, it } from '@jest/globals';
import {
  applyMask,
  buildModel,
  initialState,
  Mask,
  maskableSpecs,
  packActive,
  proceduralDataset,
  subset,
  type Dataset,
  type TrainOptions,
} from '@espalier/core';
import { createSparseTrainer, type SparseTrainer } from './index.js';

/** Wide enough that convolutions run their joins in several stripes, which small networks never do. */
const graph = buildModel({ name: 'resnet18', width: 16 }, [32, 32, 3], 10);
const everyTwentieth = maskableSpecs(graph).map(({ name, size }) => ({
  name,
  size,
  active: Uint32Array.from({ length: Math.floor(size / 20) }, (_, i) => 20 * i + (i % 20)),
}));
const mask = new Mask(everyTwentieth);
const first = initialState(graph, 1);
const state = { ...first, params: applyMask(graph, mask, first.params) };
const images = proceduralDataset({
  numClasses: 10,
  imageShape: [32, 32, 3],
  samplesPerClass: 5,
  seed: 1,
  split: 'train',
});
const data = (size: number): Dataset =>
  subset(
    images,
    Array.from({ length: size }, (_, i) => (7 * i) % 50),
  );
const options: TrainOptions = {
  epochs: 1,
  batchSize: 32,
  learningRate: 0.05,
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 1e-4 },
  normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  augmentation: null,
  momentMode: { kind: 'pooled' },
  proximal: 0,
  stream: { seed: 1, purpose: 'train', round: 0, partition: 0 },
  topGradients: [],
};

async function trained(trainer: SparseTrainer, size: number): Promise<unknown> {
  await trainer.load(graph, state, mask);
  const { state: after, losses } = await trainer.train(data(size), options);
  return { values: packActive(graph, mask, after.params), moments: after.moments, losses };
}

describe('what the engine did before', () => {
  it('does not touch a single bit of what it does now', async () => {
    const fresh = await createSparseTrainer();
    const expected = await trained(fresh, 45);
    await fresh.dispose();

    const used = await createSparseTrainer();
    await trained(used, 32);
    expect(await trained(used, 45)).toEqual(expected);
    await used.load(graph, state, mask);
    await used.evaluate(data(50), { batchSize: 32, normalization: options.normalization });
    expect(await trained(used, 45)).toEqual(expected);
    await used.dispose();
  });
});
