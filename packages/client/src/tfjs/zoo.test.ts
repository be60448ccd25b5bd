import { describe, expect, it } from '@jest/globals';
import { buildModel, initialState, zooNames, type Dataset } from '@espalier/core';
import { createTfjsTrainer } from './index.js';

const dataset: Dataset = {
  imageShape: [16, 16, 3],
  classes: ['a', 'b'],
  images: Uint8Array.from({ length: 8 * 768 }, (_, i) => (i * 37 + Math.floor(i / 768) * 90) % 256),
  labels: Uint16Array.from({ length: 8 }, (_, i) => i % 2),
};
const normalization = { mean: [0.5, 0.5, 0.5], std: [0.3, 0.3, 0.3] };

describe('every network of the zoo', () => {
  it.each(zooNames())('%s trains on wasm', async (name) => {
    const graph = buildModel({ name, width: 4 }, [16, 16, 3], 2);
    const trainer = await createTfjsTrainer({ backend: 'wasm' });
    await trainer.load(graph, initialState(graph, 1), null);

    const { losses } = await trainer.train(dataset, {
      epochs: 3,
      batchSize: 8,
      learningRate: 0.02,
      optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
      normalization,
      augmentation: null,
      momentMode: { kind: 'pooled' },
      proximal: 0,
      stream: { seed: 1, purpose: 'zoo' },
      topGradients: [],
    });

    expect(losses[2]!).toBeLessThan(losses[0]!);
    await trainer.dispose();
  });
});
