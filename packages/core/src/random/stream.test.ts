import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { randomStream, shuffled, type StreamKey } from './stream.js';

const key: StreamKey = { seed: 42, purpose: 'golden', round: 3, partition: 1 };

function firstOf(streamKey: StreamKey): number[] {
  const stream = randomStream(streamKey);
  return Array.from({ length: 4 }, () => stream.uint32());
}

describe('randomStream', () => {
  // From a separate program: xoshiro128** on the first 16 bytes of SHA-256("espalier\n42\ngolden\n3\n1").
  it('gives these numbers on every engine', () => {
    const stream = randomStream(key);
    expect(Array.from({ length: 4 }, () => stream.uint32())).toEqual([
      1676228983, 3034640805, 3590613056, 2393671680,
    ]);
    expect([stream.uniform(), stream.uniform()]).toEqual([0.5603537435302848, 0.8396274515370686]);
    expect([stream.below(10), stream.below(1000), stream.below(2 ** 32)]).toEqual([7, 220, 3366635739]);
  });

  it('gives the same again for the same key, and others for a key that differs anywhere', () => {
    const others = [
      { ...key, seed: 43 },
      { ...key, purpose: 'other' },
      { ...key, round: 4 },
      { ...key, partition: 2 },
      { seed: 42, purpose: 'golden' },
    ];

    expect(firstOf({ ...key })).toEqual(firstOf(key));
    expect(new Set([key, ...others].map((each) => String(firstOf(each)))).size).toBe(others.length + 1);
  });

  it('uniform stays in [0, 1) with the mean and variance of a uniform', () => {
    const stream = randomStream(key);
    const draws = Array.from({ length: 100_000 }, () => stream.uniform());
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
    const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / draws.length;

    expect(Math.min(...draws.slice(0, 50_000))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...draws.slice(0, 50_000))).toBeLessThan(1);
    expect(mean).toBeCloseTo(0.5, 2);
    expect(variance).toBeCloseTo(1 / 12, 2);
  });
});

describe('below', () => {
  it('stays below any bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), (bound) => {
        const draw = randomStream({ ...key, round: bound }).below(bound);
        expect(Number.isInteger(draw) && draw >= 0 && draw < bound).toBe(true);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  // With bound 3·2³⁰, a plain remainder would give the lowest third twice as often as the others.
  it.each([3, 7, 3 * 2 ** 30])('is even over thirds of %p', (bound) => {
    const stream = randomStream({ ...key, partition: bound });
    const thirds = [0, 0, 0];
    const width = Math.ceil(bound / 3);
    for (let i = 0; i < 30_000; i++) thirds[Math.floor(stream.below(bound) / width)]! += 1;

    const expected = [0, 1, 2].map((third) => (Math.min(bound, (third + 1) * width) - third * width) / bound);
    thirds.forEach((count, third) => {
      expect(count / 30_000).toBeCloseTo(expected[third]!, 1);
      expect(Math.abs(count / 30_000 - expected[third]!)).toBeLessThan(0.015);
    });
  });

  it.each([0, -1, 1.5, 2 ** 32 + 1, Number.NaN])('refuses the bound %p', (bound) => {
    expect(() => randomStream(key).below(bound)).toThrow('[invalid_argument] bound');
  });
});

describe('shuffled', () => {
  it('gives this order for this key, and leaves its input alone', () => {
    const items = [0, 1, 2, 3, 4, 5, 6, 7];
    expect(shuffled(items, randomStream({ seed: 42, purpose: 'golden' }))).toEqual([1, 4, 0, 5, 7, 6, 2, 3]);
    expect(items).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('puts every item in every place equally often', () => {
    const counts = Array.from({ length: 16 }, () => 0);
    const stream = randomStream(key);
    for (let i = 0; i < 8000; i++) {
      for (const [place, item] of shuffled([0, 1, 2, 3], stream).entries()) counts[place * 4 + item]! += 1;
    }
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });
});
