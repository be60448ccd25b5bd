import { describe, expect, it } from '@jest/globals';
import type { ModelGraph } from '../graph/model-graph.js';
import { buildModel } from '../graph/zoo/index.js';
import { Mask } from '../mask/mask.js';
import { activationBytes, activationGradientBytes, trainingBytes } from './memory.js';

/** [4] → fc1 (4×3, maskable) → relu → fc2 (3×2). */
const graph: ModelGraph = {
  name: 'tiny',
  nodes: [
    { op: 'input', name: 'x', inputs: [], shape: [1, 2, 2] },
    { op: 'flatten', name: 'flat', inputs: ['x'] },
    { op: 'dense', name: 'fc1', inputs: ['flat'], units: 3, useBias: true },
    { op: 'batchNorm', name: 'bn', inputs: ['fc1'], epsilon: 1e-5, initialGamma: 1 },
    { op: 'relu', name: 'relu', inputs: ['bn'] },
    { op: 'dense', name: 'fc2', inputs: ['relu'], units: 2, useBias: false },
  ],
  output: 'fc2',
  blocks: [],
};
const mask = new Mask([{ name: 'fc1/kernel', size: 12, active: Uint32Array.of(0, 5) }]);

describe('activations', () => {
  it('are outputs of all nodes but flatten: 4 + 3 + 3 + 3 + 2 values a sample', () => {
    expect(activationBytes(graph, 1)).toBe(4 * 15);
    expect(activationBytes(graph, 8)).toBe(8 * 4 * 15);
  });

  it('need the gradients of a node and its inputs at once: here flatten’s 4 + 4', () => {
    expect(activationGradientBytes(graph, 1)).toBe(4 * 8);
  });

  it('of resnet18 for a batch of 32: 261 MB, 78.6 MB of them outputs of convolutions', () => {
    const resnet = buildModel({ name: 'resnet18', width: null }, [32, 32, 3], 10);
    const values = { input: 3_072, convs: 614_400, norms: 614_400, relus: 557_056, adds: 245_760, head: 522 };
    expect(4 * 32 * values.convs).toBe(78_643_200);
    expect(activationBytes(resnet, 32)).toBe(
      4 * 32 * Object.values(values).reduce((sum, count) => sum + count),
    );
  });

  it.each([0, -1, 1.5])('refuse a batch of %p', (batchSize) => {
    expect(() => activationBytes(graph, batchSize)).toThrow('[invalid_argument] batchSize');
    expect(() => activationGradientBytes(graph, batchSize)).toThrow('[invalid_argument] batchSize');
  });
});

describe('trainingBytes', () => {
  it('counts all parameters when dense: 12 + 3 + 6 + 6', () => {
    expect(trainingBytes(graph, null, { batchSize: 2, optimizerSlots: 2 })).toEqual({
      parameters: 4 * 27,
      indices: 0,
      gradients: 4 * 27,
      optimizer: 4 * 54,
      moments: 4 * 6,
      activations: 4 * 30,
      activationGradients: 4 * 16,
      total: 4 * (27 + 27 + 54 + 6 + 30 + 16),
    });
  });

  it('counts active weights and their indices under a mask: 2 instead of 12', () => {
    expect(trainingBytes(graph, mask, { batchSize: 1, optimizerSlots: 1 })).toMatchObject({
      parameters: 4 * 17,
      indices: 4 * 2,
      gradients: 4 * 17,
      optimizer: 4 * 17,
    });
  });
});
