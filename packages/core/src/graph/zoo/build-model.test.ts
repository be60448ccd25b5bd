import { describe, expect, it } from '@jest/globals';
import { maskableSpecs, momentSpecs, parameterSpecs } from '../parameters.js';
import { inferShapes } from '../shapes.js';
import { buildModel, zooNames } from './build-model.js';

const CIFAR = [32, 32, 3] as const;

function total(specs: readonly { readonly size: number }[]): number {
  return specs.reduce((sum, { size }) => sum + size, 0);
}

describe('resnet18 at width 64 for CIFAR-10', () => {
  const graph = buildModel({ name: 'resnet18', width: null }, CIFAR, 10);
  const specs = parameterSpecs(graph);
  const sizeOfRole = (role: string) => total(specs.filter((spec) => spec.role === role && !spec.maskable));

  it('has 11,173,962 trainable parameters, 11,157,504 of them maskable', () => {
    expect(total(specs)).toBe(11_173_962);
    expect(total(maskableSpecs(graph))).toBe(11_157_504);
  });

  it('keeps dense: 1,728 of the stem with 5,120 of the classifier, 9,600 of norms and 10 biases', () => {
    expect(specs.find((spec) => spec.name === 'conv1/kernel')).toMatchObject({ size: 1728, maskable: false });
    expect(sizeOfRole('kernel')).toBe(1_728 + 5_120);
    expect(sizeOfRole('gamma') + sizeOfRole('beta')).toBe(9_600);
    expect(sizeOfRole('bias')).toBe(10);
    expect(total(specs) - total(maskableSpecs(graph))).toBe(16_458);
  });

  it('has 4,800 batch-norm channels', () => {
    expect(momentSpecs(graph).reduce((sum, { channels }) => sum + channels, 0)).toBe(4_800);
  });

  it('has 19 maskable layers: 16 3×3 convolutions and 3 shortcuts', () => {
    expect(maskableSpecs(graph).map(({ shape }) => shape[0])).toEqual([
      3, 3, 3, 3, 3, 3, 1, 3, 3, 3, 3, 1, 3, 3, 3, 3, 1, 3, 3,
    ]);
  });

  it.each([
    ['conv1', [32, 32, 64]],
    ['conv2_x.2.relu', [32, 32, 64]],
    ['conv3_x.2.relu', [16, 16, 128]],
    ['conv4_x.2.relu', [8, 8, 256]],
    ['conv5_x.2.relu', [4, 4, 512]],
    ['pool', [512]],
    ['fc', [10]],
  ])('%s gives %p', (node, shape) => {
    expect(inferShapes(graph).get(node)).toEqual(shape);
  });

  it('starts every residual branch at gamma 0, and nothing else', () => {
    const zeros = graph.nodes.filter((node) => node.op === 'batchNorm' && node.initialGamma === 0);
    expect(zeros.map(({ name }) => name)).toEqual(
      ['conv2_x', 'conv3_x', 'conv4_x', 'conv5_x'].flatMap((stage) => [`${stage}.1.b.bn`, `${stage}.2.b.bn`]),
    );
  });

  it('has the four stages as blocks, the classifier in the last, every maskable layer in exactly one', () => {
    expect(graph.blocks.map(({ name, nodes }) => [name, nodes.length])).toEqual([
      ['conv2_x', 4],
      ['conv3_x', 5],
      ['conv4_x', 5],
      ['conv5_x', 6],
    ]);
    expect(graph.blocks[3]?.nodes.at(-1)).toBe('fc');
    expect(
      graph.blocks
        .flatMap(({ nodes }) => nodes)
        .slice(0, -1)
        .sort(),
    ).toEqual(
      maskableSpecs(graph)
        .map(({ node }) => node)
        .sort(),
    );
  });
});

describe('smaller networks', () => {
  it('resnet18 at width 16 has a sixteenth of the maskable weights', () => {
    const graph = buildModel({ name: 'resnet18', width: 16 }, CIFAR, 10);
    expect(graph.name).toBe('resnet18-w16');
    expect(total(maskableSpecs(graph))).toBe(11_157_504 / 16);
  });

  it('cnn-small: 3×3×16×32 + 3×3×32×64 + 3×3×64×64 maskable weights', () => {
    const graph = buildModel({ name: 'cnn-small', width: null }, [16, 16, 3], 10);
    expect(maskableSpecs(graph).map(({ name, size }) => [name, size])).toEqual([
      ['conv2/kernel', 4_608],
      ['conv3/kernel', 18_432],
      ['conv4/kernel', 36_864],
    ]);
    expect(inferShapes(graph).get('conv4')).toEqual([4, 4, 64]);
  });

  it('mlp: every dense kernel but the last is maskable', () => {
    const graph = buildModel({ name: 'mlp', width: 5 }, [2, 2, 3], 4);
    expect(parameterSpecs(graph).map(({ name, size, maskable }) => [name, size, maskable])).toEqual([
      ['fc1/kernel', 60, true],
      ['fc1/bias', 5, false],
      ['fc2/kernel', 25, true],
      ['fc2/bias', 5, false],
      ['fc3/kernel', 20, false],
      ['fc3/bias', 4, false],
    ]);
  });
});

describe.each(zooNames())('%s', (name) => {
  it.each([
    [[8, 8, 1], 2],
    [[9, 13, 3], 7],
    [[1, 1, 1], 100],
  ] as const)('builds for images of %p and %p classes; blocks name its layers', (shape, classes) => {
    const graph = buildModel({ name, width: 4 }, shape, classes);
    const names = new Set(graph.nodes.map((node) => node.name));

    expect(inferShapes(graph).get(graph.output)).toEqual([classes]);
    expect(graph.blocks.flatMap(({ nodes }) => nodes).every((node) => names.has(node))).toBe(true);
  });
});

describe('bad specs', () => {
  it('names the nearest network and all of them', () => {
    expect(() => buildModel({ name: 'resnet81', width: null }, CIFAR, 10)).toThrow(
      /did you mean resnet18 or resnet20\? Valid names: mlp, cnn-small, resnet18/,
    );
  });

  it.each([0, -1, 1.5, Number.NaN, 5000])('refuses width %p', (width) => {
    expect(() => buildModel({ name: 'mlp', width }, CIFAR, 10)).toThrow(/\[invalid_argument\] width/);
  });

  it.each([
    [[0, 32, 3], 10],
    [[32.5, 32, 3], 10],
    [[32, 32, 3], 1],
    [[32, 32, 3], Number.NaN],
  ] as const)('refuses images of %p with %p classes', (shape, classes) => {
    expect(() => buildModel({ name: 'mlp', width: null }, shape, classes)).toThrow('[invalid_argument]');
  });
});
