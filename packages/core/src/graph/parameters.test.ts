import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { smallGraphs } from '../testing/graph-arbitrary.js';
import type { GraphNode, ModelGraph } from './model-graph.js';
import { maskableSpecs, momentSpecs, nodeNamed, parameterSpecs } from './parameters.js';
import { sizeOf } from './shapes.js';

function conv(name: string, input: string, groups: number, filters: number): GraphNode {
  return {
    op: 'conv2d',
    name,
    inputs: [input],
    filters,
    kernelSize: [3, 2],
    strides: [1, 1],
    padding: 'same',
    groups,
    useBias: true,
  };
}

const graph: ModelGraph = {
  name: 'test',
  nodes: [
    { op: 'input', name: 'x', inputs: [], shape: [4, 4, 3] },
    conv('stem', 'x', 1, 6),
    { op: 'batchNorm', name: 'bn', inputs: ['stem'], epsilon: 1e-5, initialGamma: 1 },
    conv('depthwise', 'bn', 6, 6),
    conv('grouped', 'depthwise', 3, 9),
    { op: 'globalAvgPool', name: 'pool', inputs: ['grouped'] },
    { op: 'dense', name: 'hidden', inputs: ['pool'], units: 4, useBias: false },
    { op: 'dense', name: 'fc', inputs: ['hidden'], units: 2, useBias: true },
  ],
  output: 'fc',
  blocks: [],
};

describe('parameterSpecs', () => {
  it('lists nodes in order, of each kernel, bias, gamma, beta; stem, classifier, biases and norms are not maskable', () => {
    expect(parameterSpecs(graph).map(({ name, shape, maskable }) => [name, shape, maskable])).toEqual([
      ['stem/kernel', [3, 2, 3, 6], false],
      ['stem/bias', [6], false],
      ['bn/gamma', [6], false],
      ['bn/beta', [6], false],
      ['depthwise/kernel', [3, 2, 1, 6], true],
      ['depthwise/bias', [6], false],
      ['grouped/kernel', [3, 2, 2, 9], true],
      ['grouped/bias', [9], false],
      ['hidden/kernel', [9, 4], true],
      ['fc/kernel', [4, 2], false],
      ['fc/bias', [2], false],
    ]);
  });

  it('the only layer of a network is its classifier, so nothing is maskable', () => {
    const linear: ModelGraph = {
      name: 'linear',
      nodes: [
        { op: 'input', name: 'x', inputs: [], shape: [4] },
        { op: 'dense', name: 'fc', inputs: ['x'], units: 2, useBias: true },
      ],
      output: 'fc',
      blocks: [],
    };
    expect(maskableSpecs(linear)).toEqual([]);
  });

  it('of any graph have unique names, sizes that are those of their shapes, and maskable kernels only', () => {
    fc.assert(
      fc.property(smallGraphs(), (drawn) => {
        const specs = parameterSpecs(drawn);
        expect(new Set(specs.map(({ name }) => name)).size).toBe(specs.length);
        expect(specs.every(({ size, shape }) => size === sizeOf(shape))).toBe(true);
        expect(specs.filter(({ maskable }) => maskable)).toEqual(maskableSpecs(drawn));
        expect(
          maskableSpecs(drawn).every(({ role, node }) => role === 'kernel' && node !== drawn.output),
        ).toBe(true);
      }),
      { seed: 2, numRuns: 100 },
    );
  });
});

describe('momentSpecs and nodeNamed', () => {
  it('find norms and nodes', () => {
    expect(momentSpecs(graph)).toEqual([{ node: 'bn', channels: 6 }]);
    expect(nodeNamed(graph, 'pool').op).toBe('globalAvgPool');
    expect(() => nodeNamed(graph, 'pol')).toThrow('[invalid_graph] the graph has no node pol');
  });
});
