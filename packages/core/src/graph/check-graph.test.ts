import { describe, expect, it } from '@jest/globals';
import { buildModel, zooNames } from './zoo/index.js';
import { checkGraph } from './check-graph.js';
import type { Conv2dNode, GraphNode, ModelGraph, PoolNode } from './model-graph.js';

const conv: Conv2dNode = {
  op: 'conv2d',
  name: 'conv',
  inputs: ['image'],
  filters: 4,
  kernelSize: [3, 3],
  strides: [1, 1],
  padding: 'same',
  groups: 1,
  useBias: true,
};
const pool: PoolNode = {
  op: 'maxPool',
  name: 'conv',
  inputs: ['image'],
  poolSize: [2, 2],
  strides: [2, 2],
  padding: 'valid',
};

/** image → the given node, named conv → flatten → fc. */
function around(node: GraphNode, change: Partial<ModelGraph> = {}): ModelGraph {
  return {
    name: 'test',
    nodes: [
      { op: 'input', name: 'image', inputs: [], shape: [8, 8, 2] },
      node,
      { op: 'flatten', name: 'flat', inputs: ['conv'] },
      { op: 'dense', name: 'fc', inputs: ['flat'], units: 3, useBias: true },
    ],
    output: 'fc',
    blocks: [],
    ...change,
  };
}

describe('checkGraph', () => {
  it.each(zooNames())('accepts %s', (name) => {
    const graph = buildModel({ name, width: null }, [32, 32, 3], 10);
    expect(() => {
      checkGraph(graph);
    }).not.toThrow();
  });

  it.each<[string, GraphNode]>([
    ['stride 0', { ...conv, strides: [0, 1] }],
    ['stride 1.5', { ...conv, strides: [1.5, 1] }],
    ['window NaN', { ...conv, kernelSize: [Number.NaN, 3] }],
    ['window 70000', { ...conv, kernelSize: [70_000, 3] }],
    ['filters 0', { ...conv, filters: 0 }],
    ['filters 1e+30', { ...conv, filters: 1e30 }],
    ['groups 0.5', { ...conv, groups: 0.5 }],
    ['padding -1', { ...conv, padding: { top: -1, bottom: 0, left: 0, right: 0 } }],
    ['a whole window or more', { ...pool, padding: { top: 0, bottom: 2, left: 0, right: 0 } }],
    ['an epsilon', { op: 'batchNorm', name: 'conv', inputs: ['image'], epsilon: 0, initialGamma: 1 }],
    [
      'a finite initialGamma',
      { op: 'batchNorm', name: 'conv', inputs: ['image'], epsilon: 1e-5, initialGamma: Infinity },
    ],
    ['too long a name', { op: 'relu', name: 'x'.repeat(201), inputs: ['image'] }],
    ['too many inputs', { op: 'add', name: 'conv', inputs: Array<string>(1001).fill('image') }],
    ['reads nothing', { op: 'relu', name: 'conv', inputs: ['nothing'] }],
    ['[65,64,65536]', { ...conv, filters: 65_536, padding: { top: 28, bottom: 31, left: 28, right: 30 } }],
  ])('refuses %s', (message, node) => {
    expect(() => {
      checkGraph(around(node));
    }).toThrow(message);
  });

  it('refuses more weights than 2^28', () => {
    const nodes: GraphNode[] = [
      { op: 'input', name: 'x', inputs: [], shape: [65_536] },
      { op: 'dense', name: 'fc', inputs: ['x'], units: 4_097, useBias: false },
    ];
    expect(() => {
      checkGraph(around(conv, { nodes }));
    }).toThrow('[invalid_graph] the graph has 268500992 parameters, more than 268435456');
  });

  it('refuses more nodes than 10,000', () => {
    const relus = Array.from({ length: 10_000 }, (_, i): GraphNode => ({
      op: 'relu',
      name: `r${String(i)}`,
      inputs: ['x'],
    }));
    const nodes: GraphNode[] = [{ op: 'input', name: 'x', inputs: [], shape: [2] }, ...relus];
    expect(() => {
      checkGraph(around(conv, { nodes }));
    }).toThrow('has 10001 nodes, more than 10000');
  });

  it('refuses nodes that lead nowhere', () => {
    const { nodes } = around(conv);
    const dangling: GraphNode = { op: 'relu', name: 'loose', inputs: ['conv'] };
    expect(() => {
      checkGraph(around(conv, { nodes: [...nodes, dangling] }));
    }).toThrow('node loose does not lead to the output');
  });

  it('refuses an input of two extents', () => {
    const nodes: GraphNode[] = [
      { op: 'input', name: 'x', inputs: [], shape: [4, 4] },
      { op: 'flatten', name: 'flat', inputs: ['x'] },
    ];
    expect(() => {
      checkGraph(around(conv, { nodes, output: 'flat' }));
    }).toThrow('the input must be [height, width, channels] or [features]');
  });

  it.each([
    [[{ name: 'a', nodes: ['nobody'] }], 'block a lists nobody'],
    [
      [
        { name: 'a', nodes: ['conv'] },
        { name: 'b', nodes: ['conv'] },
      ],
      'block b lists conv',
    ],
    [
      [
        { name: 'a', nodes: ['conv'] },
        { name: 'a', nodes: ['fc'] },
      ],
      'blocks without names of their own',
    ],
  ])('refuses blocks %j', (blocks, message) => {
    expect(() => {
      checkGraph(around(conv, { blocks }));
    }).toThrow(message);
  });
});
