import { describe, expect, it } from '@jest/globals';
import { Mask } from '../mask/mask.js';
import { followOwnMask, ownMaskOf, readjustMask, readjustmentRequests } from './readjust-mask.js';

const kernel = (size: number, ...active: number[]) => ({
  name: 'a/kernel',
  size,
  active: Uint32Array.from(active),
});
const mask = new Mask([kernel(8, 0, 1, 2, 3)]);
const top = { layer: 'a/kernel', indices: Uint32Array.of(5, 6), values: Float32Array.of(-3, 2) };
const params = new Map([['a/kernel', Float32Array.of(4, -1, 0.5, 3, 0, 0, 0, 0)]]);

describe('a client’s own mask', () => {
  it('exchanges its smallest weights for those of largest gradient, by hand', () => {
    // Half of four: −1 and 0.5 go, 5 and 6 come.
    expect(readjustmentRequests(mask, 0.5)).toEqual([{ layer: 'a/kernel', count: 2 }]);
    const own = readjustMask(mask, params, [top]);

    expect([...own.layers[0]!.active]).toEqual([0, 3, 5, 6]);
    expect(followOwnMask(mask, ownMaskOf(mask, own), 0.5).hash).toBe(own.hash);
  });

  it('is the received one where nothing is exchanged', () => {
    expect(readjustmentRequests(mask, 0.1)).toEqual([]);
    expect(readjustmentRequests(new Mask([kernel(4, 0, 1, 2, 3)]), 0.5)).toEqual([]);
    const own = readjustMask(mask, params, []);
    expect(own).toBe(mask);
    expect(followOwnMask(mask, ownMaskOf(mask, own), 0.1)).toBe(mask);
  });

  const changed = (dropped: number[], grown: number[]) => ({
    name: 'a/kernel',
    dropped: Uint32Array.from(dropped),
    grown: Uint32Array.from(grown),
  });
  it.each<[string, readonly ReturnType<typeof changed>[], string]>([
    ['drops more than it grows', [changed([1, 2], [5])], 'dropped 2 and grew 1'],
    ['exchanges more than it was asked', [changed([0, 1, 2], [5, 6, 7])], 'at most 2'],
    ['changes a layer there is not', [{ ...changed([1], [5]), name: 'b/kernel' }], 'at most 0'],
    ['grows an active weight', [changed([1], [2])], 'an active weight cannot be grown'],
    ['drops an inactive weight', [changed([4], [5])], 'an inactive weight cannot be dropped'],
    ['grows out of range', [changed([1], [8])], 'not ascending below 8'],
    ['changes a layer twice', [changed([1], [5]), changed([2], [6])], 'twice'],
    ['announces another hash', [changed([1], [5])], 'announced was'],
  ])('is refused when it %s', (_, layers, why) => {
    const hash = 'a1'.repeat(32);
    expect(() => followOwnMask(mask, { hash, layers }, 0.5)).toThrow('[invalid_mask]');
    expect(() => followOwnMask(mask, { hash, layers }, 0.5)).toThrow(why);
  });
});
