import { describe, expect, it } from '@jest/globals';
import type { GraphNode, ModelGraph } from '@espalier/core';
import { lowerGraph } from './lower.js';
import type { JoinTerm, Step } from './steps.js';

const NORM = { epsilon: 1e-3, initialGamma: 1 };

function conv(name: string, input: string, size = 1, stride = 1): GraphNode {
  const [kernelSize, strides] = [
    [size, size],
    [stride, stride],
  ] as const;
  const rest = { kernelSize, strides, padding: 'same', groups: 1, useBias: false } as const;
  return { op: 'conv2d', name, inputs: [input], filters: 2, ...rest };
}

function norm(name: string, input: string): GraphNode {
  return { op: 'batchNorm', name, inputs: [input], ...NORM };
}

/** `image`, then the given nodes, then a classifier over the last of them. */
function graphOf(...middle: readonly GraphNode[]): ModelGraph {
  return {
    name: 'lowered',
    nodes: [
      { op: 'input', name: 'image', inputs: [], shape: [4, 4, 2] },
      ...middle,
      { op: 'globalAvgPool', name: 'pool', inputs: [middle.at(-1)?.name ?? 'image'] },
      { op: 'dense', name: 'logits', inputs: ['pool'], units: 2, useBias: true },
    ],
    output: 'logits',
    blocks: [],
  };
}

const termText = ({ source, norm: own, inPlace }: JoinTerm): string =>
  `${own ? `${own.name} of ` : ''}${source.name}${inPlace ? ', in place' : ''}`;

function text(step: Step): string {
  switch (step.kind) {
    case 'weighted':
      return `${step.y.name} = layer of ${step.x.name}`;
    case 'join':
      return `${step.z.name} = ${['sum', 'relu', 'relu6'][step.activation] ?? ''} of ${step.terms.map(termText).join(' and ')}`;
    case 'pool':
      return `${step.z.name} = ${step.average ? 'average' : 'maximum'} of ${step.x.name}`;
    case 'flatten':
      return `${step.z.name} = ${step.x.name} as features`;
    case 'concat':
      return `${step.z.name} = ${step.sources.map(({ name }) => name).join(' beside ')}`;
  }
}

/** The steps of the middle, without pool and classifier. */
function stepsOf(...middle: readonly GraphNode[]): readonly string[] {
  return lowerGraph(graphOf(...middle))
    .steps.slice(0, -2)
    .map(text);
}

describe('lowering', () => {
  it('makes one pass of norm and activation; the norm may use its input, which nobody else reads', () => {
    expect(stepsOf(conv('c', 'image'), norm('n', 'c'), { op: 'relu', name: 'r', inputs: ['n'] })).toEqual([
      'c = layer of image',
      'r = relu of n of c, in place',
    ]);
  });

  it('leaves a norm alone that others read too', () => {
    const relu: GraphNode = { op: 'relu', name: 'r', inputs: ['n'] };
    const add: GraphNode = { op: 'add', name: 's', inputs: ['n', 'r'] };
    expect(stepsOf(conv('c', 'image'), norm('n', 'c'), relu, add)).toEqual([
      'c = layer of image',
      'n = sum of n of c, in place',
      'r = relu of n',
      's = sum of n and r',
    ]);
  });

  it('makes one pass of a residual: two norms, their sum and its activation', () => {
    const nodes = [
      conv('a', 'image'),
      norm('an', 'a'),
      conv('b', 'image'),
      norm('bn', 'b'),
      { op: 'add', name: 's', inputs: ['an', 'bn'] },
      { op: 'relu6', name: 'r', inputs: ['s'] },
    ] as const;
    expect(stepsOf(...nodes)).toEqual([
      'a = layer of image',
      'b = layer of image',
      'r = relu6 of an of a, in place and bn of b, in place',
    ]);
  });

  it('adds more than two by twos', () => {
    expect(stepsOf(conv('a', 'image'), { op: 'add', name: 's', inputs: ['a', 'image', 'a'] })).toEqual([
      'a = layer of image',
      's/partial-0 = sum of a and image',
      's = sum of s/partial-0 and a',
    ]);
  });

  it('takes a layer that skips pixels before the others that read the same', () => {
    const join: GraphNode = { op: 'add', name: 's', inputs: ['wide', 'skip'] };
    expect(stepsOf(conv('x', 'image'), conv('wide', 'x', 3, 2), conv('skip', 'x', 1, 2), join)).toEqual([
      'x = layer of image',
      'skip = layer of x',
      'wide = layer of x',
      's = sum of wide and skip',
    ]);
  });

  it('knows what has a gradient: the image and what depends on it alone have none', () => {
    const pool = { op: 'maxPool', poolSize: [2, 2], strides: [2, 2], padding: 'valid' } as const;
    const graph = graphOf({ ...pool, name: 'p', inputs: ['image'] }, conv('c', 'p'));
    const trainable = lowerGraph(graph).tensors.map(({ name, trainable: has }) => `${name} ${String(has)}`);
    expect(trainable).toEqual(['image false', 'p false', 'c true', 'pool true', 'logits true']);
  });

  it('puts channels beside each other and features in a row', () => {
    const concat: GraphNode = { op: 'concat', name: 'k', inputs: ['a', 'image'] };
    const graph = graphOf(conv('a', 'image'), concat);
    const flat = graph.nodes.map((node): GraphNode =>
      node.name === 'pool' ? { op: 'flatten', name: 'pool', inputs: ['k'] } : node,
    );
    expect(lowerGraph({ ...graph, nodes: flat }).steps.map(text)).toEqual([
      'a = layer of image',
      'k = a beside image',
      'pool = k as features',
      'logits = layer of pool',
    ]);
  });

  it('refuses an op that it does not have by name', () => {
    const foreign = JSON.parse('{ "op": "gelu", "name": "g", "inputs": ["image"] }') as GraphNode;
    expect(() => lowerGraph(graphOf(foreign))).toThrow(
      expect.objectContaining({ code: 'op_unsupported', facts: { node: 'g', op: 'gelu' } }),
    );
  });
});
