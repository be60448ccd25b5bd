import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { applyMaskDelta, maskDelta } from './delta.js';
import { Mask, type LayerMask } from './mask.js';

const layer = (name: string, size: number, ...active: number[]): LayerMask => ({
  name,
  size,
  active: Uint32Array.from(active),
});
const mask = new Mask([layer('a/kernel', 6, 0, 2, 5), layer('b/kernel', 4, 1)]);
const change = (name: string, dropped: number[], grown: number[]) => ({
  name,
  dropped: Uint32Array.from(dropped),
  grown: Uint32Array.from(grown),
});

describe('maskDelta', () => {
  it('lists what left and what came, for changed layers only', () => {
    const next = new Mask([layer('a/kernel', 6, 1, 2, 3), layer('b/kernel', 4, 1)]);

    expect(maskDelta(mask, next)).toEqual([change('a/kernel', [0, 5], [1, 3])]);
    expect(maskDelta(mask, mask)).toEqual([]);
  });

  it.each([
    ['another number of layers', new Mask([layer('a/kernel', 6, 0)])],
    ['another name', new Mask([layer('a/kernel', 6, 0), layer('c/kernel', 4, 1)])],
    ['another size', new Mask([layer('a/kernel', 6, 0), layer('b/kernel', 5, 1)])],
  ])('refuses %s', (_, other) => {
    expect(() => maskDelta(mask, other)).toThrow('[invalid_mask]');
  });
});

describe('applyMaskDelta', () => {
  it('gives the successor', () => {
    const next = applyMaskDelta(mask, mask.hash, [change('a/kernel', [0, 5], [1, 3])]);

    expect([...next.layer('a/kernel')!.active]).toEqual([1, 2, 3]);
    expect(next.version).toBe(1);
    expect(next.parent).toBe(mask.hash);
  });

  it('undoes maskDelta for any two masks', () => {
    const actives = fc.uniqueArray(fc.nat({ max: 29 })).map((indices) => indices.sort((a, b) => a - b));
    fc.assert(
      fc.property(actives, actives, (before, after) => {
        const from = new Mask([layer('a/kernel', 30, ...before)]);
        const to = new Mask([layer('a/kernel', 30, ...after)]);

        expect(applyMaskDelta(from, from.hash, maskDelta(from, to)).hash).toBe(to.hash);
      }),
    );
  });

  it('refuses another parent', () => {
    expect(() => applyMaskDelta(mask, '00', [])).toThrow('[mask_mismatch] the changes are for mask 00');
  });

  it.each([
    ['drops an inactive weight', [change('a/kernel', [1], [])]],
    ['grows an active weight', [change('a/kernel', [], [2])]],
    ['grows what it drops', [change('a/kernel', [2], [2])]],
    ['drops out of range', [change('a/kernel', [6], [])]],
    ['grows out of range', [change('a/kernel', [], [6])]],
    ['is out of order', [change('a/kernel', [5, 0], [])]],
    ['grows twice', [change('a/kernel', [], [3, 3])]],
    ['names an unknown layer', [change('c/kernel', [], [])]],
    ['names a layer twice', [change('a/kernel', [0], []), change('a/kernel', [2], [])]],
  ])('refuses a change that %s', (_, changes) => {
    expect(() => applyMaskDelta(mask, mask.hash, changes)).toThrow('[invalid_mask]');
  });
});
