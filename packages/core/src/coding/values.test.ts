import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildModel } from '../graph/zoo/index.js';
import { parameterSpecs } from '../graph/parameters.js';
import { levelTable, quantizeKernel, quantizerNamed } from '../quantization/index.js';
import { masksOf, unevenState } from '../testing/network-arbitrary.js';
import { decodeValues, encodeValues, fromFloat16, toFloat16, type ValueCoding } from './index.js';

const graph = buildModel({ name: 'cnn-small', width: 4 }, [8, 8, 3], 3);

describe('half precision', () => {
  it.each([
    [0, 0],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65520, 0x7c00],
    [2 ** -14, 0x0400],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [3 * 2 ** -25, 2],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [0.1, 0x2e66],
    [Infinity, 0x7c00],
  ])('of %p is %p', (value, bits) => {
    expect(toFloat16(value)).toBe(bits);
  });

  it('comes back from every pattern of bits', () => {
    const all = Array.from({ length: 65536 }, (_, bits) => bits);
    const changed = all.filter(
      (bits) => !Number.isNaN(fromFloat16(bits)) && toFloat16(fromFloat16(bits)) !== bits,
    );
    expect(changed).toEqual([]);
    expect(fromFloat16(toFloat16(NaN))).toBeNaN();
  });
});

describe('stored values', () => {
  const codings: ValueCoding[] = [
    { kind: 'float32' },
    { kind: 'float16' },
    ...[4, 6, 8].flatMap((bits) =>
      ['uniform', 'apot'].map((quantizer) => ({ kind: 'levels', quantizer, bits }) as const),
    ),
  ];

  it.each(codings)('come back in %j: rounded at most once', (coding) => {
    fc.assert(
      fc.property(masksOf(graph), fc.nat(1000), (mask, seed) => {
        const { params } = unevenState(graph, seed, mask);
        const once = decodeValues(graph, mask, encodeValues(graph, mask, params, coding), coding);
        expect(decodeValues(graph, mask, encodeValues(graph, mask, once, coding), coding)).toEqual(once);
        if (coding.kind === 'float32') expect(once).toEqual(params);
      }),
      { seed: 1, numRuns: 8 },
    );
  });

  it('keep a rounded network to the bit', () => {
    const { params } = unevenState(graph, 2);
    const table = levelTable(quantizerNamed('apot'), 6);
    const rounded = new Map(params);
    for (const { name, role, shape } of parameterSpecs(graph)) {
      if (role === 'kernel') rounded.set(name, quantizeKernel(params.get(name)!, shape.at(-1)!, table));
    }
    const coding: ValueCoding = { kind: 'levels', quantizer: 'apot', bits: 6 };
    const bytes = encodeValues(graph, null, rounded, coding);
    expect(decodeValues(graph, null, bytes, coding)).toEqual(rounded);
    expect(bytes.length).toBeLessThan(0.3 * encodeValues(graph, null, rounded, { kind: 'float32' }).length);
  });

  it('refuse what does not fit', () => {
    const { params } = unevenState(graph, 2);
    const coding: ValueCoding = { kind: 'levels', quantizer: 'uniform', bits: 4 };
    const bytes = encodeValues(graph, null, params, coding);
    expect(() => decodeValues(graph, null, bytes.subarray(1), coding)).toThrow('[wrong_length]');
    expect(() => decodeValues(graph, null, bytes, { ...coding, bits: 11 })).toThrow('[wrong_length]');
    expect(() => decodeValues(graph, null, bytes, { ...coding, quantizer: 'odd' })).toThrow(
      '[invalid_argument]',
    );
    // All ones: a scale that is NaN.
    expect(() => decodeValues(graph, null, new Uint8Array(bytes.length).fill(255), coding)).toThrow(
      '[not_finite]',
    );
    const large = new Map(params).set('fc/bias', new Float32Array(3).fill(1e6));
    const name = [...large.keys()].find((key) => key.endsWith('/bias')) ?? '';
    large.set(name, new Float32Array(params.get(name)!.length).fill(1e6));
    expect(() => encodeValues(graph, null, large, { kind: 'float16' })).toThrow('float16 cannot');
  });
});
