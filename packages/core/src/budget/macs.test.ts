import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { GraphNode, ModelGraph } from '../graph/model-graph.js';
import { maskableSpecs } from '../graph/parameters.js';
import { buildModel } from '../graph/zoo/index.js';
import { denseMask, Mask } from '../mask/mask.js';
import { smallGraphs } from '../testing/graph-arbitrary.js';
import { masksOf } from '../testing/network-arbitrary.js';
import { forwardMacs, trainMacs } from './macs.js';

/** Every 20th weight of each maskable layer. */
function twentieth(graph: ModelGraph): Mask {
  return new Mask(
    maskableSpecs(graph).map(({ name, size }) => ({
      name,
      size,
      active: Uint32Array.from({ length: size / 20 }, (_, i) => 20 * i),
    })),
  );
}

function conv(name: string, input: string, change: Partial<GraphNode>): GraphNode {
  const plain: GraphNode = {
    op: 'conv2d',
    name,
    inputs: [input],
    filters: 4,
    kernelSize: [3, 3],
    strides: [1, 1],
    padding: 'same',
    groups: 1,
    useBias: true,
  };
  return { ...plain, ...change } as GraphNode;
}

describe('resnet18, CIFAR shape', () => {
  const graph = buildModel({ name: 'resnet18', width: null }, [32, 32, 3], 10);

  // The usual figure for this network is 0.56 GMACs.
  it('takes 555,422,720 forward: stem 1.77 M, stages of 151 M, 134 M, 134 M and 134 M, classifier 5,120', () => {
    const { total, perNode } = forwardMacs(graph, null);
    const stage = (name: string) =>
      [...perNode].filter(([node]) => node.startsWith(name)).reduce((sum, [, macs]) => sum + macs, 0);

    expect(total).toBe(555_422_720);
    expect(perNode.get('conv1')).toBe(1_769_472);
    expect(['conv2_x', 'conv3_x', 'conv4_x', 'conv5_x'].map(stage)).toEqual([
      4 * 37_748_736,
      18_874_368 + 3 * 37_748_736 + 2_097_152,
      18_874_368 + 3 * 37_748_736 + 2_097_152,
      18_874_368 + 3 * 37_748_736 + 2_097_152,
    ]);
    expect(perNode.get('fc')).toBe(5_120);
  });

  it('trains at three times that, less the input gradient of the stem', () => {
    expect(trainMacs(graph, null)).toEqual({
      forward: 555_422_720,
      inputGradient: 555_422_720 - 1_769_472,
      weightGradient: 555_422_720,
      total: 3 * 555_422_720 - 1_769_472,
    });
  });

  it('at one weight in twenty takes a twentieth of the maskable layers’ work', () => {
    const dense = 1_769_472 + 5_120;
    const { total } = forwardMacs(graph, twentieth(graph));
    expect(Math.abs(total - (dense + (555_422_720 - dense) / 20)) / total).toBeLessThan(1e-4);
  });

  it('refuses the mask of another network', () => {
    const other = denseMask(buildModel({ name: 'resnet18', width: 8 }, [32, 32, 3], 10));
    expect(() => forwardMacs(graph, other)).toThrow(
      '[invalid_mask] the mask has 576 weights for conv2_x.1.a/kernel',
    );
  });
});

describe('layer by layer', () => {
  const graph: ModelGraph = {
    name: 'test',
    nodes: [
      { op: 'input', name: 'x', inputs: [], shape: [6, 4, 2] },
      conv('full', 'x', {}),
      conv('strided', 'full', { strides: [2, 2] }),
      conv('grouped', 'strided', { groups: 2 }),
      conv('depthwise', 'grouped', { groups: 4 }),
      conv('side', 'x', { strides: [2, 2] }),
      { op: 'add', name: 'add', inputs: ['depthwise', 'side'] },
      { op: 'flatten', name: 'flat', inputs: ['add'] },
      { op: 'dense', name: 'fc', inputs: ['flat'], units: 5, useBias: true },
    ],
    output: 'fc',
    blocks: [],
  };

  it('counts kernel weights times output positions', () => {
    expect(Object.fromEntries(forwardMacs(graph, null).perNode)).toEqual({
      full: 9 * 2 * 4 * 24,
      strided: 9 * 4 * 4 * 6,
      grouped: 9 * 2 * 4 * 6,
      depthwise: 9 * 1 * 4 * 6,
      side: 9 * 2 * 4 * 6,
      fc: 24 * 5,
    });
  });

  it('counts no input gradient where only the image stands before, on every path', () => {
    const { forward, inputGradient } = trainMacs(graph, null);
    expect(forward - inputGradient).toBe(9 * 2 * 4 * 24 + 9 * 2 * 4 * 6);
  });

  it('never costs more under a mask, and the same under a full one', () => {
    const drawn = smallGraphs().chain((small) => fc.tuple(fc.constant(small), masksOf(small)));
    fc.assert(
      fc.property(drawn, ([small, mask]) => {
        expect(forwardMacs(small, mask).total).toBeLessThanOrEqual(forwardMacs(small, null).total);
        expect(trainMacs(small, denseMask(small))).toEqual(trainMacs(small, null));
      }),
      { seed: 4, numRuns: 100 },
    );
  });
});
