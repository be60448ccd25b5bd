import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EspalierError } from '../errors.js';
import { topK } from '../mask/top-k.js';
import { exp } from '../random/elementary.js';
import { normalSource } from '../random/normal.js';
import { randomStream, shuffled, type RandomStream } from '../random/stream.js';
import { decodeIndices, encodeIndices, INDEX_CODINGS, type EncodedIndices } from './indices.js';
import { riceFormulaBits } from './rice.js';

const range = (size: number): number[] => Array.from({ length: size }, (_, i) => i);

/** Every index independently with probability `density`. */
function randomIndices(size: number, density: number, stream: RandomStream): Uint32Array {
  return Uint32Array.from(range(size).filter(() => stream.uniform() < density));
}

/** Exactly `count` of `size` indices. */
function drawnIndices(size: number, count: number, stream: RandomStream): Uint32Array {
  return Uint32Array.from(shuffled(range(size), stream).slice(0, count)).sort();
}

function encoded(
  coding: EncodedIndices['coding'],
  riceBits: number,
  count: number,
  bytes: number[],
): EncodedIndices {
  return { coding, riceBits, count, bytes: Uint8Array.from(bytes) };
}

describe('encodeIndices', () => {
  it.each([
    ['nothing of nothing', [], 0, encoded('dense', 0, 0, [])],
    ['nothing', [], 9, encoded('rice', 0, 0, [])],
    ['everything', [0, 1, 2], 3, encoded('dense', 0, 3, [])],
    // Gaps 5 and 9 with three low bits, lowest first: 0 101, 10 100.
    ['gaps', [5, 15], 20, encoded('rice', 3, 2, [0b01011010, 0b0])],
    // Gaps 0 1 0 without low bits: 0, 1 0, 0.
    ['short gaps', [0, 2, 3], 12, encoded('rice', 0, 3, [0b0010])],
    // Sixteen bits either way, and the bitmap wins ties.
    ['a bitmap', [2, 5, 6, 7, 8, 9, 12, 15], 16, encoded('bitmap', 0, 8, [0b11100100, 0b10010011])],
  ])('writes %s', (_, active, size, expected) => {
    const got = encodeIndices(Uint32Array.from(active), size);

    expect(got).toEqual(expected);
    expect([...decodeIndices(got, size)]).toEqual(active);
  });

  it('survives ten thousand random masks', () => {
    const stream = randomStream({ seed: 7, purpose: 'coding-test' });
    const seen = new Map<string, number>(INDEX_CODINGS.map((coding) => [coding, 0]));
    for (let i = 0; i < 10_000; i++) {
      const size = stream.below(300);
      // Cubing visits the sparse end often; every twentieth mask is empty or full.
      const density = i % 20 === 0 ? stream.below(2) : stream.uniform() ** 3;
      const active = randomIndices(size, density, stream);

      const code = encodeIndices(active, size);

      if (String(decodeIndices(code, size)) !== String(active))
        throw new Error(`mask ${i} came back changed`);
      expect(code.bytes.length).toBeLessThanOrEqual(Math.ceil(size / 8));
      seen.set(code.coding, seen.get(code.coding)! + 1);
    }
    for (const coding of INDEX_CODINGS) expect([coding, seen.get(coding)! > 100]).toEqual([coding, true]);
  });

  it('survives sets of any shape: runs, combs and the ends', () => {
    const gaps = fc.array(fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 5000 })), { maxLength: 40 });
    fc.assert(
      fc.property(gaps, fc.nat({ max: 5000 }), (before, after) => {
        let next = -1;
        const active = Uint32Array.from(before, (gap) => (next += gap + 1));
        const size = next + 1 + after;
        expect(decodeIndices(encodeIndices(active, size), size)).toEqual(active);
      }),
      { numRuns: 500 },
    );
  });

  it.each([0.0005, 0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9])(
    'codes the lists of an adjustment at density %p within 1.05 × the Rice formula and 4 bytes, which leaves 12 for headers',
    (density) => {
      const stream = randomStream({ seed: 11, purpose: `delta-test-${density}` });
      for (const size of [30, 1_000, 36_864]) {
        const exchanged = Math.round(0.15 * density * size);
        const lists = [drawnIndices(size, exchanged, stream), drawnIndices(size, exchanged, stream)];

        const bytes = lists.reduce((sum, list) => sum + encodeIndices(list, size).bytes.length, 0);

        const formula = (2 * riceFormulaBits(exchanged, size)) / 8;
        expect(bytes).toBeLessThanOrEqual(1.05 * formula + 4);
      }
    },
  );
});

describe('encodeIndices on masks of real kernels', () => {
  // Magnitude masks cluster: some filters and some input channels are much larger than others.
  it.each([0.3, 0.1, 0.05, 0.01])('stays within 1.05 × the formula at density %p', (density) => {
    const normal = normalSource(randomStream({ seed: 3, purpose: 'clustered-masks' }));
    const scales = (count: number) => Array.from({ length: count }, () => exp(1.5 * normal()));
    const [inputs, filters] = [scales(64), scales(64)];
    const magnitudes = Float32Array.from({ length: 9 * 64 * 64 }, (_, i) =>
      Math.abs(normal() * filters[i % 64]! * inputs[Math.floor(i / 64) % 64]!),
    );
    const active = topK(magnitudes, Math.round(density * magnitudes.length));

    const { bytes } = encodeIndices(active, magnitudes.length);

    expect(bytes.length * 8).toBeLessThan(1.05 * riceFormulaBits(active.length, magnitudes.length));
  });
});

describe('decodeIndices', () => {
  it.each([
    ['an unknown coding', { ...encoded('rice', 0, 0, []), coding: 'zip' as 'rice' }, 'the coding is unknown'],
    ['more than the size', encoded('rice', 0, 5, [0]), 'the count is not within'],
    ['a fractional count', encoded('rice', 0, 0.5, [0]), 'the count is not within'],
    ['a count that is not a number', encoded('rice', 0, Number.NaN, [0]), 'the count is not within'],
    ['too many low bits', encoded('rice', 32, 0, []), '32 low bits are not within 0 to 31'],
    ['negative low bits', encoded('rice', -1, 0, []), '-1 low bits'],
    ['low bits of a bitmap', encoded('bitmap', 1, 0, [0]), '1 low bits are not within 0 to 0'],
    ['dense without all', encoded('dense', 0, 3, []), 'not those of every index'],
    ['dense with bytes', encoded('dense', 0, 4, [0]), 'those of every index'],
    ['a bitmap too short', encoded('bitmap', 0, 0, []), 'its bytes are 0, not 1'],
    ['a bitmap too long', encoded('bitmap', 0, 0, [0, 0]), 'its bytes are 2, not 1'],
    ['a bitmap with too few', encoded('bitmap', 0, 2, [1]), 'hold 1 indices, not 2'],
    ['a bitmap with too many', encoded('bitmap', 0, 1, [3]), 'hold more than 1'],
    ['a padded bitmap', encoded('bitmap', 0, 1, [0b10000]), 'padded with ones'],
    ['too few bytes for the count', encoded('rice', 3, 3, [0]), 'the bytes are too few'],
    ['an end within an index', encoded('rice', 0, 2, [0b01111111]), 'end within index 0'],
    ['an index past the size', encoded('rice', 2, 1, [0b101]), 'hold index 5'],
    ['a trailing byte', encoded('rice', 0, 1, [0, 0]), 'go on for 15 bits'],
    ['trailing ones', encoded('rice', 0, 1, [0b10]), 'padded with ones'],
  ])('refuses %s', (_, code, problem) => {
    const attempt = (): Uint32Array => decodeIndices(code, 4);

    expect(attempt).toThrow('[malformed_message]');
    expect(attempt).toThrow(problem);
  });

  it('is total: any bytes give ascending indices or malformed_message', () => {
    const anything = fc.record({
      coding: fc.constantFrom(...INDEX_CODINGS),
      riceBits: fc.integer({ min: -1, max: 33 }),
      count: fc.integer({ min: -1, max: 40 }),
      bytes: fc.uint8Array({ maxLength: 12 }),
    });
    const damaged = fc
      .record({
        drawn: fc.uniqueArray(fc.nat({ max: 39 })),
        at: fc.nat({ max: 4 }),
        to: fc.nat({ max: 255 }),
      })
      .map(({ drawn, at, to }) => {
        const code = encodeIndices(Uint32Array.from(drawn).sort(), 40);
        if (at < code.bytes.length) code.bytes[at] = to;
        return code;
      });
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(anything, damaged), fc.integer({ min: 30, max: 45 }), (code, size) => {
        let active: Uint32Array;
        try {
          active = decodeIndices(code, size);
        } catch (error) {
          expect(error).toBeInstanceOf(EspalierError);
          expect((error as EspalierError).code).toBe('malformed_message');
          return;
        }
        accepted++;
        expect(active).toHaveLength(code.count);
        expect([...active].every((index, i) => index < size && (i === 0 || active[i - 1]! < index))).toBe(
          true,
        );
      }),
      { numRuns: 3000, seed: 5 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  it('allocates nothing for a count that the bytes cannot hold', () => {
    expect(() => decodeIndices(encoded('rice', 0, 4e9, [0]), 4e9)).toThrow('the bytes are too few');
  });
});
