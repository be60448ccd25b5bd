import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildModel } from '../graph/zoo/index.js';
import type { ModelGraph } from '../graph/model-graph.js';
import { maskableSpecs, parameterSpecs } from '../graph/parameters.js';
import { denseMask, Mask } from '../mask/mask.js';
import { identityMoments, type ParamTree } from './model-state.js';
import {
  alwaysDenseCount,
  applyMask,
  momentCount,
  packActive,
  packedLength,
  packMoments,
  unpackActive,
  unpackKept,
  unpackMoments,
} from './pack.js';

/** [2] → fc1 (2×3, masked) → fc2 (3×2, always dense). */
const tiny: ModelGraph = {
  name: 'tiny',
  nodes: [
    { op: 'input', name: 'x', inputs: [], shape: [2] },
    { op: 'dense', name: 'fc1', inputs: ['x'], units: 3, useBias: true },
    { op: 'dense', name: 'fc2', inputs: ['fc1'], units: 2, useBias: false },
  ],
  output: 'fc2',
  blocks: [],
};
const tinyMask = new Mask([{ name: 'fc1/kernel', size: 6, active: Uint32Array.of(1, 4) }]);
const tinyParams: ParamTree = new Map([
  ['fc1/kernel', Float32Array.of(10, 11, 12, 13, 14, 15)],
  ['fc1/bias', Float32Array.of(20, 21, 22)],
  ['fc2/kernel', Float32Array.of(30, 31, 32, 33, 34, 35)],
]);

function plain(params: ParamTree): Record<string, number[]> {
  return Object.fromEntries([...params].map(([name, values]) => [name, [...values]]));
}

describe('packActive', () => {
  it('takes active weights in index order, then biases, then what is always dense', () => {
    expect([...packActive(tiny, tinyMask, tinyParams)]).toEqual([11, 14, 20, 21, 22, 30, 31, 32, 33, 34, 35]);
  });

  it('takes everything without a mask', () => {
    expect(packActive(tiny, null, tinyParams)).toEqual(packActive(tiny, denseMask(tiny), tinyParams));
    expect(packActive(tiny, null, tinyParams)).toHaveLength(15);
  });

  it('refuses a missing parameter, one of another size, and a mask of another graph', () => {
    const short = new Map([...tinyParams, ['fc1/bias', new Float32Array(2)]]);
    const other = new Mask([{ name: 'fc1/kernel', size: 7, active: new Uint32Array() }]);

    expect(() => packActive(tiny, tinyMask, new Map())).toThrow(
      '[invalid_params] fc1/kernel has no values, expected 6',
    );
    expect(() => packActive(tiny, tinyMask, short)).toThrow(
      '[invalid_params] fc1/bias has 2 values, expected 3',
    );
    expect(() => packActive(tiny, other, tinyParams)).toThrow(
      '[invalid_mask] the mask has 7 weights for fc1/kernel',
    );
    expect(() => packActive(tiny, new Mask([]), tinyParams)).toThrow(
      '[invalid_mask] the mask has no weights',
    );
  });
});

describe('unpackActive', () => {
  it('puts values back and leaves 0 elsewhere', () => {
    const packed = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);

    expect(plain(unpackActive(tiny, tinyMask, packed))).toEqual({
      'fc1/kernel': [0, 1, 0, 0, 2, 0],
      'fc1/bias': [3, 4, 5],
      'fc2/kernel': [6, 7, 8, 9, 10, 11],
    });
  });

  it.each([0, 10, 12])('refuses %p values, naming both lengths', (length) => {
    expect(() => unpackActive(tiny, tinyMask, new Float32Array(length))).toThrow(
      `[wrong_length] got ${String(length)} values of tiny, expected 11`,
    );
  });

  it('shares no memory with what it was given', () => {
    const packed = new Float32Array(11);
    const params = unpackActive(tiny, tinyMask, packed);
    packed.fill(9);
    expect([...params.values()].every((values) => values.every((value) => value === 0))).toBe(true);
  });
});

describe('applyMask', () => {
  it('zeroes inactive weights only, in a copy', () => {
    expect(plain(applyMask(tiny, tinyMask, tinyParams))).toEqual({
      ...plain(tinyParams),
      'fc1/kernel': [0, 11, 0, 0, 14, 0],
    });
    expect(tinyParams.get('fc1/kernel')?.[0]).toBe(10);
  });
});

describe('laws on random masks of cnn-small', () => {
  const graph = buildModel({ name: 'cnn-small', width: 2 }, [8, 8, 3], 3);
  const values = Float32Array.from({ length: packedLength(graph, null) }, (_, i) => i + 1);
  const params = unpackActive(graph, null, values);
  const layers = fc.tuple(
    ...maskableSpecs(graph).map(({ name, size }) =>
      fc
        .uniqueArray(fc.nat(size - 1), { maxLength: size })
        .map((indices) => ({ name, size, active: Uint32Array.from(indices).sort() })),
    ),
  );
  const masks = layers.map((drawn) => new Mask(drawn));

  it('unpacking what was packed is applying the mask', () => {
    fc.assert(
      fc.property(masks, (mask) => {
        const packed = packActive(graph, mask, params);
        expect(plain(unpackActive(graph, mask, packed))).toEqual(plain(applyMask(graph, mask, params)));
        expect(packed).toHaveLength(mask.activeCount + alwaysDenseCount(graph));
        expect(packActive(graph, mask, unpackActive(graph, mask, packed))).toEqual(packed);
      }),
      { seed: 7, numRuns: 50 },
    );
  });
});

describe('unpackKept', () => {
  it('is unpacking, then applying the smaller mask', () => {
    const whole = new Mask([{ name: 'fc1/kernel', size: 6, active: Uint32Array.of(1, 3, 4) }]);
    const packed = packActive(tiny, whole, tinyParams);
    for (const active of [[], [1], [3, 4], [1, 3, 4]]) {
      const kept = new Mask([{ name: 'fc1/kernel', size: 6, active: Uint32Array.from(active) }]);
      const expected = applyMask(tiny, kept, unpackActive(tiny, whole, packed));
      expect(plain(unpackKept(tiny, { mask: whole, kept }, packed))).toEqual(plain(expected));
    }
    expect(() => unpackKept(tiny, { mask: whole, kept: whole }, packed.subarray(1))).toThrow(
      '[wrong_length]',
    );
  });
});

describe('counts of resnet18', () => {
  const graph = buildModel({ name: 'resnet18', width: null }, [32, 32, 3], 10);

  it('16,458 always dense, 9,600 moments, 11,173,962 in all', () => {
    expect(alwaysDenseCount(graph)).toBe(16_458);
    expect(momentCount(graph)).toBe(9_600);
    expect(packedLength(graph, null)).toBe(11_173_962);
    expect(parameterSpecs(graph)).toHaveLength(62);
  });
});

describe('moments', () => {
  const graph = buildModel({ name: 'cnn-small', width: 1 }, [4, 4, 1], 2);

  it('travel as means, then variances, node by node', () => {
    expect([...packMoments(graph, identityMoments(graph))]).toEqual(
      [1, 2, 4, 4].flatMap((channels) => [
        ...Array<number>(channels).fill(0),
        ...Array<number>(channels).fill(1),
      ]),
    );
  });

  it('come back as they were', () => {
    const packed = Float32Array.from({ length: momentCount(graph) }, (_, i) => i);
    expect(packMoments(graph, unpackMoments(graph, packed))).toEqual(packed);
    expect(unpackMoments(graph, packed).get('conv2.bn')).toEqual({
      mean: Float32Array.of(2, 3),
      variance: Float32Array.of(4, 5),
    });
  });

  it('are refused when they are short or missing', () => {
    expect(() => unpackMoments(graph, new Float32Array(21))).toThrow(
      '[wrong_length] got 21 values of batch-norm moments',
    );
    expect(() => packMoments(graph, new Map())).toThrow('[invalid_params] the moments of conv1.bn');
  });
});
