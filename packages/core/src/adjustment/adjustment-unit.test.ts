import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../graph/zoo/index.js';
import { adjustmentUnit, adjustmentUnits } from './adjustment-unit.js';

const resnet = buildModel({ name: 'resnet18', width: 1 }, [8, 8, 3], 2);
const mlp = buildModel({ name: 'mlp', width: 4 }, [8, 8, 3], 2);
const cnn = buildModel({ name: 'cnn-small', width: 2 }, [8, 8, 3], 2);

describe('adjustmentUnit', () => {
  it('goes backward over blocks and starts over at the output', () => {
    const stages = [0, 1, 2, 3, 4].map(
      (counter) => adjustmentUnit(resnet, 'block', counter)[0]!.split('.')[0],
    );

    expect(stages).toEqual(['conv5_x', 'conv4_x', 'conv3_x', 'conv2_x', 'conv5_x']);
  });

  it('takes every maskable layer of a block, in forward order', () => {
    expect(adjustmentUnit(resnet, 'block', 3)).toEqual([
      'conv2_x.1.a/kernel',
      'conv2_x.1.b/kernel',
      'conv2_x.2.a/kernel',
      'conv2_x.2.b/kernel',
    ]);
  });

  it('goes backward over layers, or takes all', () => {
    const layers = [0, 1, 2, 3].map((counter) => adjustmentUnit(cnn, 'layer', counter));

    expect(layers).toEqual([['conv4/kernel'], ['conv3/kernel'], ['conv2/kernel'], ['conv4/kernel']]);
    expect(adjustmentUnit(cnn, 'entire', 5)).toEqual(['conv2/kernel', 'conv3/kernel', 'conv4/kernel']);
  });

  it('takes layers for blocks where the graph has none', () => {
    expect([0, 1].map((counter) => adjustmentUnit(mlp, 'block', counter))).toEqual([
      ['fc2/kernel'],
      ['fc1/kernel'],
    ]);
  });

  it('has no turn where nothing is maskable', () => {
    const bare = {
      ...mlp,
      nodes: mlp.nodes.filter(({ name }) => ['image', 'flatten', 'fc1'].includes(name)),
      output: 'fc1',
    };

    for (const granularity of ['layer', 'block', 'entire'] as const) {
      expect(adjustmentUnit(bare, granularity, 0)).toEqual([]);
    }
  });

  it.each([-1, 0.5, Number.NaN])('refuses counter %p', (counter) => {
    expect(() => adjustmentUnit(cnn, 'layer', counter)).toThrow('[invalid_argument]');
  });
});

describe('adjustmentUnits', () => {
  it('skips blocks without a maskable layer and leaves no maskable layer out', () => {
    const graph = {
      ...cnn,
      blocks: [
        { name: 'stem', nodes: ['conv1'] },
        { name: 'middle', nodes: ['conv3', 'conv3.bn'] },
        { name: 'head', nodes: ['fc'] },
      ],
    };

    expect(adjustmentUnits(graph, 'block')).toEqual([['conv2/kernel'], ['conv3/kernel'], ['conv4/kernel']]);
  });
});
