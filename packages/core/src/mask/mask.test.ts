import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../graph/zoo/index.js';
import { denseMask, Mask, type LayerMask } from './mask.js';

const layer = (name: string, size: number, ...active: number[]): LayerMask => ({
  name,
  size,
  active: Uint32Array.from(active),
});
const mask = new Mask([layer('a/kernel', 6, 0, 2, 5), layer('b/kernel', 4, 1)]);

describe('Mask', () => {
  it.each([
    ['indices out of order', [layer('a', 6, 2, 1)], undefined],
    ['an index twice', [layer('a', 6, 2, 2)], undefined],
    ['an index out of range', [layer('a', 6, 6)], undefined],
    ['a layer twice', [layer('a', 6, 1), layer('a', 6, 1)], undefined],
    ['a negative version', [layer('a', 6, 1)], { version: -1, parent: null }],
    ['a fractional version', [layer('a', 6, 1)], { version: 0.5, parent: null }],
  ])('cannot be built with %s', (_, layers, lineage) => {
    expect(() => new Mask(layers, lineage)).toThrow('[invalid_mask]');
  });

  it('counts', () => {
    expect(mask).toMatchObject({ activeCount: 4, size: 10, density: 0.4, version: 0, parent: null });
    expect(new Mask([]).density).toBe(1);
    expect(mask.layer('b/kernel')!.size).toBe(4);
    expect(mask.layer('c/kernel')).toBeUndefined();
  });

  it('has the hash of its contents, not of its lineage', () => {
    const { layers } = mask;

    // SHA-256 of 'a/kernel\n6\n3\n', 0 2 5 as little-endian 32-bit words, and the same of layer b.
    expect(mask.hash).toBe('645cfc7beecaedd96cfe2410b1d72dce30fa01ebe1ecae868b42f6b86455926a');
    expect(new Mask(layers, { version: 9, parent: 'x' }).hash).toBe(mask.hash);
    expect(new Mask([...layers].reverse()).hash).not.toBe(mask.hash);
    expect(new Mask([layers[0]!, layer('b/kernel', 5, 1)]).hash).not.toBe(mask.hash);
    expect(new Mask([layers[0]!, layer('b/kernel', 4, 2)]).hash).not.toBe(mask.hash);
  });

  it('has a successor, with one version more and itself as the parent', () => {
    const next = mask.successor([layer('b/kernel', 4, 3)]);

    expect(next).toMatchObject({ version: 1, parent: mask.hash });
    expect(next.layers.map(({ active }) => [...active])).toEqual([[0, 2, 5], [3]]);
    expect(mask.layer('b/kernel')!.active).toEqual(Uint32Array.of(1));
    expect(() => mask.successor([layer('c/kernel', 4, 3)])).toThrow(
      '[invalid_mask] the mask has no layer c/kernel',
    );
  });

  it('fits its graph and no other', () => {
    const [small, large] = [2, 3].map((width) => buildModel({ name: 'mlp', width }, [2, 2, 3], 2));
    const check = (model: typeof small) => () => {
      denseMask(small!).checkFits(model!);
    };

    expect(denseMask(small!)).toMatchObject({ activeCount: 28, density: 1 });
    expect(check(small)).not.toThrow();
    expect(check(large)).toThrow("[invalid_mask] the mask's layers");
  });
});
