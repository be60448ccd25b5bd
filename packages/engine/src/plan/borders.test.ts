import { describe, expect, it } from '@jest/globals';
import { buildModel, type ModelGraph, type Padding, type Size2 } from '@espalier/core';
import { lowerGraph } from './lower.js';
import { phaseOfTap, phasesOf } from './phases.js';
import { leadOf, pitchOf, planeOf, positionsOf } from './tensor.js';

/** A convolution over an image of 6×6, whose input has a gradient, and a classifier behind it. */
function convolution(kernelSize: Size2, strides: Size2, padding: Padding): ModelGraph {
  const conv = { op: 'conv2d', groups: 1, useBias: false } as const;
  const lift = { ...conv, filters: 2, kernelSize: [1, 1], strides: [1, 1], padding: 'valid' } as const;
  return {
    name: 'one convolution',
    nodes: [
      { op: 'input', name: 'image', inputs: [], shape: [6, 6, 1] },
      { ...lift, name: 'x', inputs: ['image'] },
      { ...conv, name: 'y', inputs: ['x'], filters: 3, kernelSize, strides, padding },
      { op: 'globalAvgPool', name: 'pool', inputs: ['y'] },
      { op: 'dense', name: 'logits', inputs: ['pool'], units: 2, useBias: true },
    ],
    output: 'logits',
    blocks: [],
  };
}

function gapsOf(graph: ModelGraph): Readonly<Record<string, readonly [number, number]>> {
  return Object.fromEntries(lowerGraph(graph).tensors.map(({ name, gapY, gapX }) => [name, [gapY, gapX]]));
}

describe('borders', () => {
  it.each<[string, readonly [Size2, Size2, Padding], { readonly x: Size2; readonly y: Size2 }]>([
    ['1×1: none', [[1, 1], [1, 1], 'valid'], { x: [0, 0], y: [0, 0] }],
    ['3×3 same: a pixel around both', [[3, 3], [1, 1], 'same'], { x: [1, 1], y: [1, 1] }],
    ['3×3 valid: around the gradient alone', [[3, 3], [1, 1], 'valid'], { x: [0, 0], y: [2, 2] }],
    ['1×3 same: at the sides alone', [[1, 3], [1, 1], 'same'], { x: [0, 1], y: [0, 1] }],
    ['5×5 same: two pixels', [[5, 5], [1, 1], 'same'], { x: [2, 2], y: [2, 2] }],
    ['3×3 same by two: TensorFlow pads the far side', [[3, 3], [2, 2], 'same'], { x: [1, 1], y: [1, 1] }],
    ['1×1 by two: none', [[1, 1], [2, 2], 'valid'], { x: [0, 0], y: [0, 0] }],
    [
      'three rows above',
      [[3, 3], [1, 1], { top: 3, bottom: 0, left: 0, right: 0 }],
      { x: [3, 0], y: [2, 2] },
    ],
  ])('of %s', (_, layer, gaps) => {
    expect(gapsOf(convolution(...layer))).toMatchObject(gaps);
  });

  it('of what an addition adds are alike', () => {
    const { tensors, steps } = lowerGraph(buildModel({ name: 'resnet18', width: 4 }, [16, 16, 3], 4));
    const sums = steps.flatMap((step) => (step.kind === 'join' ? [step] : []));
    const unlike = sums.flatMap(({ terms, z }) =>
      terms.filter(({ source, norm }) => !norm && (source.gapY !== z.gapY || source.gapX !== z.gapX)),
    );

    expect(unlike).toEqual([]);
    expect(tensors.some(({ gapX }) => gapX > 0)).toBe(true);
  });

  it('end every row and every channel, and one is before the first', () => {
    const tensor = { id: 0, name: 'x', channels: 2, height: 3, width: 4, gapY: 1, gapX: 1, trainable: true };

    // The picture in the README: rows of 4 pixels and a gap, channels of 3 rows and a gap row.
    expect([pitchOf(tensor), planeOf(tensor), leadOf(tensor), positionsOf(tensor)]).toEqual([5, 20, 6, 46]);
  });
});

describe('stride phases', () => {
  it.each([
    [0, 1, 0, 0],
    [2, 1, 1, 0],
    [0, 2, 0, 0],
    [1, 2, 0, 1],
    [0, 2, 1, 1],
    [2, 3, 4, 1],
  ])(
    'tap %p by strides of %p after %p pixels of padding touches the pixels of phase %p',
    (tap, stride, pad, phase) => {
      expect(phaseOfTap(tap, stride, pad)).toBe(phase);
    },
  );

  it('share the taps of a kernel out', () => {
    const [, step] = lowerGraph(convolution([3, 3], [2, 2], 'same')).steps;
    const phases = step?.kind === 'weighted' ? phasesOf(step) : [];

    expect(phases.map(({ y, x, taps }) => [y, x, taps])).toEqual([
      [
        0,
        0,
        [
          [0, 0],
          [0, 2],
          [2, 0],
          [2, 2],
        ],
      ],
      [
        0,
        1,
        [
          [0, 1],
          [2, 1],
        ],
      ],
      [
        1,
        0,
        [
          [1, 0],
          [1, 2],
        ],
      ],
      [1, 1, [[1, 1]]],
    ]);
  });
});
