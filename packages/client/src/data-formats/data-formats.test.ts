import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isEspalierError } from '@espalier/core';
import {
  cifarLabels,
  cifarRecordBytes,
  fitImages,
  idxImages,
  npyImages,
  parseCifar,
  parseIdx,
  parseNpy,
} from './index.js';

/** A record whose planes are all `red`, `green` and `blue`, but for its second pixel, which is 1, 2, 3. */
function record(labels: readonly number[], [red, green, blue]: readonly [number, number, number]): number[] {
  const plane = (value: number, second: number) => [
    value,
    second,
    ...Array.from({ length: 1022 }, () => value),
  ];
  return [...labels, ...plane(red, 1), ...plane(green, 2), ...plane(blue, 3)];
}

describe('CIFAR', () => {
  it('interleaves the planes of both sets and takes the fine label', () => {
    const ten = parseCifar(
      Uint8Array.from([...record([7], [10, 20, 30]), ...record([0], [9, 9, 9])]),
      'cifar10',
      'x',
    );
    expect([...ten.labels]).toEqual([7, 0]);
    expect([...ten.images.subarray(0, 9)]).toEqual([10, 20, 30, 1, 2, 3, 10, 20, 30]);
    expect(ten.images).toHaveLength(2 * 3072);
    const hundred = parseCifar(Uint8Array.from(record([3, 99], [1, 2, 3])), 'cifar100', 'x');
    expect([...hundred.labels]).toEqual([99]);
    expect([...hundred.images.subarray(0, 3)]).toEqual([1, 2, 3]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(0), /train.bin has 0 bytes; .* records of 3073/],
    ['cut short', new Uint8Array(3073 + 100), /has 3173 bytes.*cut short/],
    ['of the other set', Uint8Array.from(record([5, 99], [0, 0, 0])), /has 3074 bytes/],
    [
      'with a label of no class',
      Uint8Array.from(record([10], [0, 0, 0])),
      /has label 10 in record 0; cifar10 has 10/,
    ],
  ])('refuses a file %s', (_, bytes, message) => {
    expect(() => cifarLabels(bytes, 'cifar10', 'train.bin')).toThrow(message);
  });

  it('knows its record sizes', () => {
    expect([cifarRecordBytes('cifar10'), cifarRecordBytes('cifar100')]).toEqual([3073, 3074]);
  });
});

const idx = (type: number, shape: readonly number[], values: readonly number[]): Uint8Array =>
  Uint8Array.from([
    0,
    0,
    type,
    shape.length,
    ...shape.flatMap((n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]),
    ...values,
  ]);

describe('IDX', () => {
  const names = ['images', 'labels'] as const;
  const images = idx(8, [2, 1, 2], [1, 2, 3, 4]);

  it('reads images with their labels', () => {
    expect(idxImages(parseIdx(images, 'a'), parseIdx(idx(8, [2], [5, 0]), 'b'), names)).toEqual({
      imageShape: [1, 2, 1],
      images: Uint8Array.of(1, 2, 3, 4),
      labels: Uint16Array.of(5, 0),
    });
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['that is empty', new Uint8Array(0), /is no IDX file/],
    ['that is a gzip', Uint8Array.of(0x1f, 0x8b, 8, 0), /is no IDX file/],
    ['of floats', idx(0x0d, [1], [0, 0, 0, 0]), /holds floats; expected unsigned bytes/],
    ['of an unknown type', idx(7, [1], [0]), /unknown type 7/],
    ['cut short in the header', images.subarray(0, 9), /inside its header/],
    ['cut short', images.subarray(0, images.length - 1), /has 3 values; its header says 2×1×2 = 4/],
    ['with bytes too many', Uint8Array.from([...images, 0]), /has 5 values/],
    ['whose header asks for more than there can be', idx(8, [0xffffffff, 0xffffffff], []), /has 0 values/],
  ])('refuses a file %s', (_, bytes, message) => {
    expect(() => parseIdx(bytes, 'x')).toThrow(message);
  });

  it('refuses labels of other images, and what are no images', () => {
    const read = (bytes: Uint8Array) => parseIdx(bytes, 'x');
    expect(() => idxImages(read(images), read(idx(8, [3], [0, 1, 2])), names)).toThrow(
      'labels has 3 labels for the 2 images of images; they are not of one set',
    );
    expect(() => idxImages(read(idx(8, [2], [0, 1])), read(images), names)).toThrow(
      'expected count×height×width',
    );
    expect(() => idxImages(read(images), read(images), names)).toThrow('expected one label per image');
  });
});

function npy(header: string, values: readonly number[] | Uint8Array, version = 1): Uint8Array {
  const text = [...new TextEncoder().encode(header)];
  const length =
    version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0, ...length, ...text, ...values]);
}
const described = (descr: string, shape: string, order = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }   \n`;

describe('NPY', () => {
  const names = ['images.npy', 'labels.npy'] as const;

  it.each([1, 2])('reads bytes of version %p', (version) => {
    const array = parseNpy(npy(described('|u1', '2, 1, 2'), [1, 2, 3, 4], version), 'x');
    expect(array).toEqual({ shape: [2, 1, 2], type: 'uint8', values: Uint8Array.of(1, 2, 3, 4) });
  });

  it('takes float32 from 0 to 1, and labels of any whole type', () => {
    const floats = new Uint8Array(Float32Array.of(0, 0.5, 1).buffer);
    const wide = new Uint8Array(BigInt64Array.of(300n).buffer);
    const images = parseNpy(npy(described('<f4', '1, 1, 1, 3'), floats), 'x');
    expect(npyImages(images, parseNpy(npy(described('<i8', '1,'), wide), 'y'), names)).toEqual({
      imageShape: [1, 1, 3],
      images: Uint8Array.of(0, 128, 255),
      labels: Uint16Array.of(300),
    });
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['that is none', Uint8Array.of(1, 2, 3), /is no NPY file/],
    ['of version 3', npy(described('|u1', '1,'), [0], 3), /version 3; expected 1 or 2/],
    [
      'in Fortran order',
      npy(described('|u1', '1,', 'True'), [0]),
      /Fortran order; save numpy.ascontiguousarray/,
    ],
    ['of big-endian numbers', npy(described('>f4', '1,'), [0, 0, 0, 0]), /holds >f4; expected one of/],
    ['of objects', npy(described('|O', '1,'), [0]), /holds \|O/],
    [
      'cut short',
      npy(described('|u1', '2, 3'), [1, 2, 3, 4, 5]),
      /has 5 bytes of values; its shape \(2, 3\) of \|u1 takes 6/,
    ],
    ['with a header of something else', npy('{}', []), /has a header that cannot be read: {}/],
    ['cut short in the header', npy(described('|u1', '1,'), [0]).subarray(0, 20), /inside its header/],
  ])('refuses a file %s', (_, bytes, message) => {
    expect(() => parseNpy(bytes, 'x')).toThrow(message);
  });

  it.each<[string, Uint8Array, Uint8Array, RegExp]>([
    [
      'labels that do not match',
      npy(described('|u1', '1, 1, 1'), [0]),
      npy(described('|u1', '2,'), [0, 1]),
      /expected \(1\), one label/,
    ],
    [
      'float labels',
      npy(described('|u1', '1, 1, 1'), [0]),
      npy(described('<f4', '1,'), [0, 0, 0, 0]),
      /holds float32; labels/,
    ],
    [
      'negative labels',
      npy(described('|u1', '1, 1, 1'), [0]),
      npy(described('|i1', '1,'), [255]),
      /label -1 at 0/,
    ],
    [
      'values beyond 1',
      npy(described('<f4', '1, 1, 1'), new Uint8Array(Float32Array.of(7).buffer)),
      npy(described('|u1', '1,'), [0]),
      /value 7 at 0/,
    ],
    [
      'not a number',
      npy(described('<f4', '1, 1, 1'), new Uint8Array(Float32Array.of(NaN).buffer)),
      npy(described('|u1', '1,'), [0]),
      /value NaN/,
    ],
    [
      'four channels',
      npy(described('|u1', '1, 1, 1, 4'), [0, 0, 0, 0]),
      npy(described('|u1', '1,'), [0]),
      /expected \(count, height, width\)/,
    ],
  ])('refuses %s', (_, images, labels, message) => {
    expect(() => npyImages(parseNpy(images, 'i'), parseNpy(labels, 'l'), names)).toThrow(message);
  });
});

describe('no bytes', () => {
  it('make a parser throw anything but a refusal', () => {
    const heads = [[], [0, 0, 8, 3], [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 9, 0]];
    fc.assert(
      fc.property(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 60 }), (head, tail) => {
        const bytes = Uint8Array.from([...head, ...tail]);
        for (const parse of [parseIdx, parseNpy, (b: Uint8Array, n: string) => parseCifar(b, 'cifar10', n)]) {
          try {
            parse(bytes, 'x');
          } catch (error) {
            expect(isEspalierError(error) && error.code).toBe('invalid_data');
          }
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe('fitImages', () => {
  it('leaves images of the right shape as they are', () => {
    const images = Uint8Array.of(1, 2, 3);
    expect(fitImages(images, [1, 1, 3], [1, 1, 3])).toBe(images);
  });

  type Shape = readonly [number, number, number];
  it.each<[string, readonly number[], readonly [Shape, Shape], readonly number[]]>([
    [
      'grey to colour',
      [7, 9],
      [
        [1, 1, 1],
        [1, 1, 3],
      ],
      [7, 7, 7, 9, 9, 9],
    ],
    [
      'colour to luma',
      [255, 0, 0, 0, 255, 0],
      [
        [1, 2, 3],
        [1, 2, 1],
      ],
      [76, 150],
    ],
    [
      'halving by a triangle',
      [0, 0, 80, 80],
      [
        [1, 4, 1],
        [1, 2, 1],
      ],
      [11, 69],
    ],
    [
      'doubling between neighbours',
      [0, 100],
      [
        [2, 1, 1],
        [4, 1, 1],
      ],
      [0, 25, 75, 100],
    ],
    [
      'a flat image stays flat',
      [9, 9, 9, 9, 9, 9],
      [
        [2, 3, 1],
        [5, 4, 1],
      ],
      Array.from({ length: 20 }, () => 9),
    ],
  ])('%s', (_, images, [from, to], expected) => {
    expect([...fitImages(Uint8Array.from(images), from, to)]).toEqual(expected);
  });
});
