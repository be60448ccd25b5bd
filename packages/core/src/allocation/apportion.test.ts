import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { apportion } from './apportion.js';
import { proportionalDensities } from './proportional.js';

const layers = (...pairs: (readonly [size: number, target: number])[]) =>
  pairs.map(([size, target], i) => ({ name: String(i), size, target }));

describe('apportion', () => {
  it.each([
    ['whole targets as they are', layers([9, 2], [9, 5]), 7, [2, 5]],
    ['what is missing to the largest remainders', layers([9, 3.5], [9, 4.75], [9, 2.75]), 11, [3, 5, 3]],
    ['of equal remainders to the first', layers([9, 1.5], [9, 2.5]), 4, [2, 2]],
    [
      'one to every layer, taken from the furthest above',
      layers([9, 0.25], [9, 0.25], [9, 3.5]),
      4,
      [1, 1, 2],
    ],
    ['no more than a layer has', layers([2, 2], [9, 3]), 7, [2, 5]],
    ['no less than one each', layers([9, 2], [9, 1]), 2, [1, 1]],
    ['nothing where there are no layers', [], 0, []],
  ])('gives %s', (_, targets, total, counts) => {
    expect([...apportion(targets, total).values()]).toEqual(counts);
  });

  it.each([1, 19])('refuses %p of 18 weights in two layers', (total) => {
    expect(() => apportion(layers([9, 1], [9, 1]), total)).toThrow('[invalid_argument] cannot keep');
  });

  it('always hits the total, within every layer’s size', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        sizes,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.infiniteStream(fc.nat()),
        (drawn, share, noise) => {
          const size = drawn.reduce((sum, own) => sum + own, 0);
          const total = Math.max(drawn.length, Math.round(share * size));
          const targets = layers(
            ...drawn.map((own) => [own, (noise.next().value as number) % (own + 1)] as const),
          );

          const counts = [...apportion(targets, total).values()];

          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(total);
          expect(counts.every((count, i) => count >= 1 && count <= drawn[i]!)).toBe(true);
        },
      ),
    );
  });
});

describe('proportionalDensities', () => {
  it('keeps the density, and the proportions of all layers that are not full', () => {
    const wishes = fc.array(
      fc.record({
        size: fc.integer({ min: 1, max: 100 }),
        wish: fc.double({ min: 0.01, max: 10, noNaN: true }),
      }),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(wishes, fc.double({ min: 0.01, max: 1, noNaN: true }), (given, density) => {
        const densities = proportionalDensities(given, density);

        const kept = given.reduce((sum, { size }, i) => sum + size * densities[i]!, 0);
        const size = given.reduce((sum, layer) => sum + layer.size, 0);
        expect(kept / size).toBeCloseTo(density, 9);
        const scale = given.flatMap(({ wish }, i) => (densities[i]! < 1 ? [densities[i]! / wish] : []));
        for (const own of scale) expect(own / scale[0]!).toBeCloseTo(1, 9);
        // A full layer would have got at least as much from the common scale.
        for (const [i, { wish }] of given.entries()) {
          if (densities[i]! === 1 && scale[0] !== undefined)
            expect(wish * scale[0]).toBeGreaterThan(1 - 1e-9);
        }
      }),
    );
  });
});
