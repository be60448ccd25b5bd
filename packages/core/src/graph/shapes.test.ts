import { describe, expect, it } from '@jest/globals';
import type {
  Conv2dNode,
  GraphNode,
  ModelGraph,
  Padding,
  PoolNode,
  Size2,
  TensorShape,
} from './model-graph.js';
import { inferShapes, inputShape, numClasses, resolvePadding, sizeOf } from './shapes.js';

/** x → the given nodes → flattened, since a graph must end in [classes]. */
function chain(shape: TensorShape, ...nodes: readonly GraphNode[]): ModelGraph {
  const last = nodes.at(-1)?.name ?? 'x';
  return {
    name: 'chain',
    nodes: [
      { op: 'input', name: 'x', inputs: [], shape },
      ...nodes,
      { op: 'flatten', name: 'end', inputs: [last] },
    ],
    output: 'end',
    blocks: [],
  };
}

function shapeOf(graph: ModelGraph, node: string): TensorShape | undefined {
  return inferShapes(graph).get(node);
}

function conv(change: Partial<Conv2dNode>): Conv2dNode {
  return {
    op: 'conv2d',
    name: 'conv',
    inputs: ['x'],
    filters: 5,
    kernelSize: [3, 3],
    strides: [1, 1],
    padding: 'same',
    groups: 1,
    useBias: false,
    ...change,
  };
}

function pool(change: Partial<PoolNode>): PoolNode {
  return {
    op: 'maxPool',
    name: 'pool',
    inputs: ['x'],
    poolSize: [2, 2],
    strides: [2, 2],
    padding: 'valid',
    ...change,
  };
}

describe('resolvePadding', () => {
  // TensorFlow: out = ceil(in / stride); total = max((out − 1)·stride + window − in, 0); the far side gets the odd pixel.
  it.each<[number, number, number, [number, number]]>([
    // input, window, stride, pixels before and after
    [8, 3, 1, [1, 1]],
    [8, 3, 2, [0, 1]],
    [7, 3, 2, [1, 1]],
    [8, 1, 2, [0, 0]],
    [8, 2, 1, [0, 1]],
    [5, 4, 3, [1, 1]],
    [6, 4, 3, [0, 1]],
    [1, 3, 2, [1, 1]],
    [9, 2, 5, [0, 0]],
  ])('same: %p pixels, window %p, stride %p pads %p', (input, window, stride, [before, after]) => {
    expect(resolvePadding('same', [input, 4], [window, 1], [stride, 1])).toEqual({
      top: before,
      bottom: after,
      left: 0,
      right: 0,
    });
    expect(resolvePadding('same', [4, input], [1, window], [1, stride])).toEqual({
      top: 0,
      bottom: 0,
      left: before,
      right: after,
    });
  });

  it('valid pads nothing, explicit padding is taken as it is', () => {
    const explicit = { top: 1, bottom: 2, left: 3, right: 4 };
    expect(resolvePadding('valid', [8, 8], [3, 3], [2, 2])).toEqual({ top: 0, bottom: 0, left: 0, right: 0 });
    expect(resolvePadding(explicit, [8, 8], [3, 3], [2, 2])).toBe(explicit);
  });
});

describe('inferShapes', () => {
  it.each<[Size2, Size2, Padding, TensorShape]>([
    [[3, 3], [1, 1], 'same', [8, 6, 5]],
    [[3, 3], [2, 2], 'same', [4, 3, 5]],
    [[3, 3], [3, 4], 'same', [3, 2, 5]],
    [[3, 3], [1, 1], 'valid', [6, 4, 5]],
    [[3, 3], [2, 2], 'valid', [3, 2, 5]],
    [[1, 5], [1, 2], 'valid', [8, 1, 5]],
    [[8, 6], [1, 1], 'valid', [1, 1, 5]],
    [[3, 3], [2, 2], { top: 1, bottom: 1, left: 1, right: 1 }, [4, 3, 5]],
    [[3, 3], [2, 2], { top: 0, bottom: 2, left: 2, right: 3 }, [4, 5, 5]],
  ])('convolves [8,6,4] by %p at strides %p, padding %p, to %p', (kernelSize, strides, padding, shape) => {
    expect(shapeOf(chain([8, 6, 4], conv({ kernelSize, strides, padding })), 'conv')).toEqual(shape);
  });

  it.each<[Size2, Size2, Padding, TensorShape]>([
    [[2, 2], [2, 2], 'valid', [3, 3, 4]],
    [[2, 2], [2, 2], 'same', [4, 3, 4]],
    [[3, 3], [2, 2], { top: 1, bottom: 1, left: 1, right: 1 }, [4, 3, 4]],
  ])('pools [7,6,4] by %p at strides %p, padding %p, to %p', (poolSize, strides, padding, shape) => {
    expect(shapeOf(chain([7, 6, 4], pool({ poolSize, strides, padding })), 'pool')).toEqual(shape);
  });

  it.each<[GraphNode['op'], TensorShape]>([
    ['relu', [4, 3, 2]],
    ['relu6', [4, 3, 2]],
    ['globalAvgPool', [2]],
    ['globalMaxPool', [2]],
    ['flatten', [24]],
  ])('%s of [4,3,2] gives %p', (op, shape) => {
    const node = { op, name: 'node', inputs: ['x'] } as GraphNode;
    expect(shapeOf(chain([4, 3, 2], node), 'node')).toEqual(shape);
  });

  it('joins: add keeps the shape, concat adds up the last extent', () => {
    const twice = ['x', 'x'];
    expect(shapeOf(chain([4, 3, 2], { op: 'add', name: 'node', inputs: twice }), 'node')).toEqual([4, 3, 2]);
    expect(
      shapeOf(chain([4, 3, 2], { op: 'concat', name: 'node', inputs: [...twice, 'x'] }), 'node'),
    ).toEqual([4, 3, 6]);
    expect(shapeOf(chain([5], { op: 'concat', name: 'node', inputs: twice }), 'node')).toEqual([10]);
  });

  it('tells the input, the classes and sizes', () => {
    const graph = chain([4, 3, 2]);
    expect([inputShape(graph), numClasses(graph), sizeOf([4, 3, 2]), sizeOf([])]).toEqual([
      [4, 3, 2],
      24,
      24,
      1,
    ]);
  });
});

describe('graphs that do not fit', () => {
  const relu = (change: Partial<GraphNode>): GraphNode =>
    ({ op: 'relu', name: 'r', inputs: ['x'], ...change }) as GraphNode;

  it.each<[string, ModelGraph]>([
    [
      'node dense (dense) needs [features], got [4,3,2]: flatten first',
      chain([4, 3, 2], { op: 'dense', name: 'dense', inputs: ['x'], units: 2, useBias: true }),
    ],
    ['node conv needs [height, width, channels], got [5]', chain([5], conv({}))],
    [
      'node conv has 3 groups, which must divide its 4 input channels and 5 filters',
      chain([8, 8, 4], conv({ groups: 3 })),
    ],
    [
      'node conv has 2 groups, which must divide its 4 input channels and 5 filters',
      chain([8, 8, 4], conv({ groups: 2 })),
    ],
    ['node conv would give [0,6,5]', chain([2, 8, 4], conv({ padding: 'valid' }))],
    ['node pool needs [height, width, channels], got [5]', chain([5], pool({}))],
    [
      'node add adds [4,4,2] and [2,2,2]',
      chain([4, 4, 2], pool({}), { op: 'add', name: 'add', inputs: ['x', 'pool'] }),
    ],
    [
      'node cat joins [4,4,2] and [2,2,2]',
      chain([4, 4, 2], pool({}), { op: 'concat', name: 'cat', inputs: ['x', 'pool'] }),
    ],
    ['node r reads y, which does not stand before it', chain([4], relu({ inputs: ['y'] }))],
    ['node x stands twice', chain([4], relu({ name: 'x' }))],
    ['node a b may hold letters', chain([4], relu({ name: 'a b' }))],
    ['node r (relu) has 2 inputs', chain([4], relu({ inputs: ['x', 'x'] }))],
    ['node r (add) has 1 inputs', chain([4], relu({ op: 'add' }))],
    ['node y input must be the first node', chain([4], { op: 'input', name: 'y', inputs: [], shape: [4] })],
    ['node x would give [4,0,2]', chain([4, 0, 2])],
    [
      "node x is the graph's output and must give [classes], but gives [4,3,2]",
      { ...chain([4, 3, 2]), output: 'x' },
    ],
    ["node z is the graph's output", { ...chain([4]), output: 'z' }],
  ])('%s', (message, graph) => {
    expect(() => inferShapes(graph)).toThrow(`[invalid_graph] ${message}`);
  });

  it('has no input shape without an input', () => {
    expect(() => inputShape({ ...chain([4]), nodes: [] })).toThrow(
      '[invalid_graph] node (none) must be the input',
    );
  });
});
