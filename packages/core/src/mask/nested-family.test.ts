import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { maskableSpecs } from '../graph/parameters.js';
import { initialState } from '../params/initialize.js';
import { packActive } from '../params/pack.js';
import { packedPositions } from '../params/positions.js';
import { exampleGraphs } from '../testing/example-graphs.js';
import { Mask, type LayerMask } from './mask.js';
import { nestedMask, unionMask } from './nested-family.js';

const SIZE = 24;
const layer = (active: readonly number[], size = SIZE): LayerMask => ({
  name: 'a/kernel',
  size,
  active: Uint32Array.from(active),
});
const activeOf = (mask: Mask): readonly number[] => [...mask.layers[0]!.active];

const family = fc.record({
  active: fc
    .subarray(
      Array.from({ length: SIZE }, (_, i) => i),
      { minLength: 1 },
    )
    .map((list) => new Mask([layer(list)], { version: 3, parent: null })),
  // Few values, so that there are ties.
  scores: fc
    .array(fc.integer({ min: -3, max: 3 }), { minLength: SIZE, maxLength: SIZE })
    .map((list) => new Map([['a/kernel', Float32Array.from(list)]])),
});
const share = fc.double({ min: 1e-9, max: 1, noNaN: true });

describe('a nested sub-mask', () => {
  it('keeps the largest |score| of the active weights, of equals the lower index', () => {
    const mask = new Mask([layer([0, 2, 3, 5, 6], 8)]);
    const scores = new Map([['a/kernel', Float32Array.of(1, 9, -4, 2, 9, 2, 2, 9)]]);

    // 0.6 of five is three: weight 2 of −4, and of the three of size 2 the first two.
    expect(activeOf(nestedMask(mask, scores, 0.6))).toEqual([2, 3, 5]);
    expect(activeOf(nestedMask(mask, scores, 0.01))).toEqual([2]);
    expect(nestedMask(mask, scores, 1)).toBe(mask);
  });

  it('is within its mask, and every smaller one within it', () => {
    fc.assert(
      fc.property(family, share, share, ({ active: mask, scores }, a, b) => {
        const [small, large] = [Math.min(a, b), Math.max(a, b)].map((each) => nestedMask(mask, scores, each));
        expect(unionMask([large!, small!]).hash).toBe(large!.hash);
        expect(unionMask([mask, large!]).hash).toBe(mask.hash);
        expect(large!.version).toBe(3);
      }),
    );
  });

  it('is the same for the same mask and scores, whatever else is made of them', () => {
    fc.assert(
      fc.property(family, share, ({ active: mask, scores }, size) => {
        const first = nestedMask(mask, scores, size).hash;
        nestedMask(mask, scores, size / 2);
        expect(nestedMask(new Mask(mask.layers), scores, size).hash).toBe(first);
      }),
    );
  });

  it('refuses scores that are not one per weight', () => {
    expect(() => nestedMask(new Mask([layer([1])]), new Map(), 0.5)).toThrow('[invalid_params]');
  });
});

describe('the union of masks', () => {
  it('has what one of them has', () => {
    expect(activeOf(unionMask([new Mask([layer([1, 5])]), new Mask([layer([0, 5, 9])])]))).toEqual([
      0, 1, 5, 9,
    ]);
  });

  it('is refused of nothing, and of masks of other layers', () => {
    expect(() => unionMask([])).toThrow('[invalid_mask]');
    expect(() => unionMask([new Mask([layer([1])]), new Mask([layer([1], 9)])])).toThrow('[invalid_mask]');
  });
});

describe('packed positions', () => {
  it.each(exampleGraphs)('find the values of a sub-mask among those of its mask: $name', (graph) => {
    const { params } = initialState(graph, 4);
    const specs = maskableSpecs(graph);
    const even = specs.map(({ name, size }) => ({
      ...layer(
        [...Array(size).keys()].filter((i) => i % 2 === 0),
        size,
      ),
      name,
    }));
    const mask = new Mask(even);
    const part = nestedMask(mask, params, 0.3);

    const values = packActive(graph, mask, params);
    const found = Float32Array.from(packedPositions(graph, mask, part), (position) => values[position]!);

    expect(found).toEqual(packActive(graph, part, params));
    expect(() => packedPositions(graph, part, mask)).toThrow(specs.length > 0 ? '[invalid_mask]' : '');
  });
});
