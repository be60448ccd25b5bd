import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { placeBuffers } from './arena.js';
import type { DraftBuffer } from '../ops/arguments.js';

/** A buffer of `bytes` bytes, alive from one op to another. */
function buffer(bytes: number, first: number, last: number): DraftBuffer {
  return { bytes, first, last, offset: 0 };
}

describe('the placement of buffers', () => {
  it.each<[string, readonly [bytes: number, first: number, last: number][], readonly number[], number]>([
    [
      'one behind the other while both live',
      [
        [64, 0, 1],
        [64, 1, 2],
      ],
      [0, 64],
      128,
    ],
    [
      'in the same place when one is gone',
      [
        [64, 0, 0],
        [64, 1, 1],
      ],
      [0, 0],
      64,
    ],
    [
      'the largest first',
      [
        [64, 0, 1],
        [128, 0, 1],
      ],
      [128, 0],
      192,
    ],
    [
      'in whole lines of 64 bytes',
      [
        [1, 0, 0],
        [1, 0, 0],
      ],
      [0, 64],
      128,
    ],
    [
      'in the tightest hole',
      [
        [512, 0, 3],
        [256, 0, 1],
        [128, 0, 3],
        [64, 2, 3],
      ],
      [0, 512, 768, 512],
      896,
    ],
    [
      'nowhere when no op names it',
      [
        [64, 0, -1],
        [64, 0, 0],
      ],
      [0, 0],
      64,
    ],
  ])('%s', (_, spans, offsets, total) => {
    const buffers = spans.map((span) => buffer(...span));

    expect(placeBuffers(buffers)).toBe(total);
    expect(buffers.map(({ offset }) => offset)).toEqual(offsets);
  });

  it('keeps apart whatever lives at once, in no more than all of it takes', () => {
    const spans = fc.tuple(fc.integer({ min: 1, max: 400 }), fc.nat(9), fc.nat(9));
    fc.assert(
      fc.property(fc.array(spans, { maxLength: 12 }), (drawn) => {
        const buffers = drawn.map(([bytes, a, b]) => buffer(bytes, Math.min(a, b), Math.max(a, b)));
        const total = placeBuffers(buffers);

        for (const [i, one] of buffers.entries()) {
          expect(one.offset + one.bytes).toBeLessThanOrEqual(total);
          for (const other of buffers.slice(i + 1)) {
            const together = one.first <= other.last && other.first <= one.last;
            const apart = one.offset + one.bytes <= other.offset || other.offset + other.bytes <= one.offset;
            expect(together && !apart).toBe(false);
          }
        }
        expect(total).toBeLessThanOrEqual(
          buffers.reduce((sum, { bytes }) => sum + Math.ceil(bytes / 64) * 64, 0),
        );
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});
