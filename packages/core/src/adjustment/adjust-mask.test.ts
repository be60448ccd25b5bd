import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { maskDelta } from '../mask/delta.js';
import { Mask } from '../mask/mask.js';
import { adjustMask, regrowParams, type AdjustmentInputs } from './adjust-mask.js';
import type { MeanGradient } from './mean-gradients.js';

const gradient = (pairs: Record<number, number>): MeanGradient => ({
  indices: Uint32Array.from(Object.keys(pairs), Number),
  values: Float64Array.from(Object.values(pairs)),
});
const mask = new Mask([
  { name: 'a/kernel', size: 8, active: Uint32Array.of(0, 2, 5, 6) },
  { name: 'b/kernel', size: 3, active: Uint32Array.of(1) },
]);
const params = new Map([
  ['a/kernel', Float32Array.of(0.5, 0, -0.1, 0, 0, 0.1, -2, 0)],
  ['b/kernel', Float32Array.of(0, 9, 0)],
  ['c/bias', Float32Array.of(1)],
]);
const inputs = (count: number, pairs: Record<number, number>): AdjustmentInputs => ({
  mask,
  params,
  gradients: new Map([['a/kernel', gradient(pairs)]]),
  requests: [{ layer: 'a/kernel', count }],
});

describe('adjustMask', () => {
  it.each([
    ['the smallest for the largest', 1, { 1: 0.1, 4: -3, 7: 2 }, [5], [4]],
    ['of equals keeps and grows the lower index', 1, { 3: 2, 7: -2 }, [5], [3]],
    ['several', 3, { 1: 1, 3: 2, 4: -3, 7: 0.5 }, [0, 2, 5], [1, 3, 4]],
    ['only what was reported', 3, { 1: 1, 7: 2 }, [2, 5], [1, 7]],
    ['only what has a gradient', 2, { 1: 0, 7: 2 }, [5], [7]],
    ['nothing for active weights', 2, { 0: 9, 5: 9, 7: 1 }, [5], [7]],
    ['no more than are active', 9, { 1: 1, 3: 1, 4: 1, 7: 1 }, [0, 2, 5, 6], [1, 3, 4, 7]],
  ])('exchanges %s', (...[, count, pairs, dropped, grown]) => {
    const { mask: next, exchanged } = adjustMask(inputs(count, pairs));

    expect(maskDelta(mask, next)).toEqual([
      { name: 'a/kernel', dropped: Uint32Array.from(dropped), grown: Uint32Array.from(grown) },
    ]);
    expect(exchanged).toEqual(new Map([['a/kernel', grown.length]]));
    expect(next).toMatchObject({ version: 1, parent: mask.hash });
    expect(next.layer('b/kernel')).toBe(mask.layer('b/kernel'));
  });

  it.each([
    ['nothing was asked for', { ...inputs(1, {}), requests: [] }],
    ['nobody reported', { ...inputs(2, {}), gradients: new Map() }],
    ['every gradient is 0', inputs(2, { 1: 0, 3: 0 })],
    ['a_t is 0', inputs(0, { 1: 1 })],
  ])('gives the same mask, not a new version, when %s', (_, given) => {
    expect(adjustMask(given)).toEqual({ mask, exchanged: new Map() });
    expect(adjustMask(given).mask).toBe(mask);
  });

  it('refuses what is not a number, and unknown layers', () => {
    expect(() => adjustMask(inputs(1, { 1: Number.NaN }))).toThrow('[not_finite]');
    expect(() => adjustMask({ ...inputs(1, { 1: 1 }), params: new Map() })).toThrow('[invalid_params]');
    expect(() => adjustMask({ ...inputs(1, {}), requests: [{ layer: 'x', count: 1 }] })).toThrow(
      '[invalid_mask]',
    );
  });

  it('keeps every layer’s density, grows no dropped weight, and leaves its inputs alone', () => {
    const size = 20;
    const indices = fc.uniqueArray(fc.nat({ max: size - 1 })).map((drawn) => Uint32Array.from(drawn).sort());
    const weights = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: size, maxLength: size });
    fc.assert(
      fc.property(indices, indices, weights, fc.nat({ max: 25 }), (active, reported, drawn, count) => {
        const given: AdjustmentInputs = {
          mask: new Mask([{ name: 'a/kernel', size, active }]),
          params: new Map([['a/kernel', Float32Array.from(drawn)]]),
          gradients: new Map([
            [
              'a/kernel',
              { indices: reported, values: Float64Array.from(reported, (index) => drawn[size - 1 - index]!) },
            ],
          ]),
          requests: [{ layer: 'a/kernel', count }],
        };
        const before = structuredClone({ params: given.params, gradients: given.gradients });

        const { mask: next, exchanged } = adjustMask(given);

        expect(next.layer('a/kernel')!.active).toHaveLength(active.length);
        for (const { name, dropped, grown } of maskDelta(given.mask, next)) {
          expect(dropped).toHaveLength(grown.length);
          expect(exchanged.get(name)).toBe(grown.length);
          expect([...grown].some((index) => active.includes(index))).toBe(false);
        }
        expect({ params: given.params, gradients: given.gradients }).toEqual(before);
      }),
      { numRuns: 300 },
    );
  });
});

describe('regrowParams', () => {
  it('starts grown weights at 0, clears dropped ones, and copies no more than it must', () => {
    const { mask: next } = adjustMask(inputs(1, { 4: 1 }));
    const stale = new Map(params).set('a/kernel', Float32Array.of(0.5, 0, -0.1, 0, 77, 0.1, -2, 0));

    const adjusted = regrowParams(stale, mask, next);

    expect(adjusted.get('a/kernel')).toEqual(Float32Array.of(0.5, 0, -0.1, 0, 0, 0, -2, 0));
    expect(stale.get('a/kernel')![5]).toBe(Math.fround(0.1));
    expect(adjusted.get('b/kernel')).toBe(stale.get('b/kernel'));
    expect([...adjusted.keys()]).toEqual([...stale.keys()]);
  });
});
