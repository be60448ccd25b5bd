import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EspalierError } from '../../errors.js';
import { readWeightsManifest, type WeightsGroup } from './weights-manifest.js';
import { WeightStore } from './weight-store.js';

const KERNEL = { layer: 'a', role: 'kernel', position: 0 };

function group(dtype: string, shape: number[], quantization?: unknown): readonly WeightsGroup[] {
  const weight = { name: 'a/kernel', shape, dtype, ...(quantization === undefined ? {} : { quantization }) };
  return readWeightsManifest({ weightsManifest: [{ paths: ['a.bin'], weights: [weight] }] });
}

function bytesOf(values: Uint16Array | Float32Array): Uint8Array {
  return new Uint8Array(values.buffer);
}

describe('stored numbers', () => {
  it('uint8 and uint16: stored × scale + min', () => {
    const eight = new WeightStore(
      group('float32', [3], { dtype: 'uint8', scale: 0.5, min: -1 }),
      Uint8Array.of(0, 1, 255),
    );
    expect([...eight.values(KERNEL, [3])]).toEqual([-1, -0.5, 126.5]);
    const sixteen = group('float32', [2], { dtype: 'uint16', scale: 0.25, min: 3 });
    expect([...new WeightStore(sixteen, bytesOf(Uint16Array.of(4, 65_535))).values(KERNEL, [2])]).toEqual([
      4, 16_386.75,
    ]);
  });

  it.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x3c00, 1],
    [0xc000, -2],
    [0x3555, 0.333251953125],
    [0x7bff, 65_504],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x7c00, Infinity],
    [0x7e00, NaN],
  ])('float16 %i is %d', (half, value) => {
    const store = new WeightStore(group('float32', [1], { dtype: 'float16' }), bytesOf(Uint16Array.of(half)));
    expect([...store.values(KERNEL, [1])]).toEqual([value]);
  });

  it('float32 from a file at any offset of a larger buffer, in groups and shards', () => {
    const weights = (name: string) => [{ name, shape: [2], dtype: 'float32' }];
    const groups = readWeightsManifest({
      weightsManifest: [
        { paths: ['1', '2'], weights: weights('a/kernel') },
        { paths: ['3'], weights: weights('b/kernel') },
      ],
    });
    const whole = bytesOf(Float32Array.of(9, 1, 2, 3, 4)).subarray(4);
    const files = new Map([
      ['1', whole.subarray(0, 3)],
      ['2', whole.subarray(3, 8)],
      ['3', whole.subarray(8)],
    ]);
    for (const store of [new WeightStore(groups, whole), new WeightStore(groups, files)]) {
      expect([...store.values(KERNEL, [2]), ...store.values({ ...KERNEL, layer: 'b' }, [2])]).toEqual([
        1, 2, 3, 4,
      ]);
    }
  });
});

describe('weights that do not fit', () => {
  it.each([
    [7, /the weights in a.bin take 8 bytes by the manifest, but there are 7; fetch the files again/],
    [9, /but there are 9/],
  ])('%i bytes of 8', (length, message) => {
    expect(() => new WeightStore(group('float32', [2]), new Uint8Array(length))).toThrow(message);
  });

  it('a file that is not there', () => {
    expect(() => new WeightStore(group('float32', [2]), new Map())).toThrow(
      '[malformed_message] the model file does not fit: the weights file a.bin of the manifest is missing',
    );
  });

  it('a missing weight, another shape, another type', () => {
    const store = new WeightStore(group('float32', [2]), new Uint8Array(8));
    expect(() => store.values({ ...KERNEL, role: 'bias' }, [2])).toThrow(
      /\[invalid_params\] layer a needs a weight bias \[2\]/,
    );
    expect(() => store.values(KERNEL, [1, 2])).toThrow(
      /\[invalid_params\] weight a\/kernel is \[2\], but its layer needs \[1,2\]/,
    );
    const whole = new WeightStore(group('int32', [2]), new Uint8Array(8));
    expect(() => whole.values(KERNEL, [2])).toThrow(/has type "int32", expected float32/);
  });

  it.each([
    [
      { weightsManifest: [{ paths: [], weights: [{ name: 'a', shape: [-1], dtype: 'float32' }] }] },
      /shape \[-1\]/,
    ],
    [
      { weightsManifest: [{ paths: [], weights: [{ name: 'a', shape: [1e6, 1e6], dtype: 'float32' }] }] },
      /too large/,
    ],
    [{ weightsManifest: [{ paths: [7], weights: [] }] }, /a path of weightsManifest\[0\] is a number/],
    [{ weightsManifest: {} }, /weightsManifest is a object/],
  ])('%j', (modelJson, message) => {
    expect(() => readWeightsManifest(modelJson)).toThrow(message);
  });

  it('a type without a size, and a quantisation without a scale', () => {
    expect(() => new WeightStore(group('string', [2]), new Uint8Array(8))).toThrow(
      /type string, which cannot be read/,
    );
    expect(() => group('float32', [2], { dtype: 'uint8', min: 0 })).toThrow(
      /expected uint8 or uint16 with scale and min/,
    );
  });
});

describe('anything else', () => {
  it('is read or refused with an EspalierError', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.uint8Array(), (json, bytes) => {
        try {
          new WeightStore(readWeightsManifest({ weightsManifest: json }), bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(EspalierError);
        }
      }),
      { seed: 5, numRuns: 300 },
    );
  });
});
