import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BoundedTopK, topInactive } from './bounded-top-k.js';
import { topK } from './top-k.js';

/** The contract in its plainest form: sort everything by (score descending, position ascending). */
function bySorting(scores: ArrayLike<number>, count: number): number[] {
  return Array.from(scores, (score, position) => ({ score: score + 0, position }))
    .sort((a, b) => (a.score === b.score ? a.position - b.position : a.score < b.score ? 1 : -1))
    .slice(0, count)
    .map(({ position }) => position)
    .sort((a, b) => a - b);
}

const few = fc.constantFrom(-2, -1, -0, 0, 0.5, 1, 3, Infinity, -Infinity);
const singles = fc.array(fc.oneof(few, fc.float({ noNaN: true })), { maxLength: 60 });
// Neighbouring doubles that float32 cannot distinguish.
const doubles = fc.array(
  fc.oneof(
    few,
    fc.double({ noNaN: true }),
    fc.integer({ min: 0, max: 4 }).map((i) => 1 + i * Number.EPSILON),
  ),
  { maxLength: 60 },
);

describe('topK', () => {
  it('agrees with sorting, for float32 scores', () => {
    fc.assert(
      fc.property(singles, fc.nat(), (scores, draw) => {
        const count = draw % (scores.length + 1);
        expect([...topK(Float32Array.from(scores), count)]).toEqual(bySorting(scores, count));
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with sorting, for scores that differ only beyond float32', () => {
    fc.assert(
      fc.property(doubles, fc.nat(), (scores, draw) => {
        const count = draw % (scores.length + 1);
        expect([...topK(scores, count)]).toEqual(bySorting(scores, count));
        expect([...topK(Float64Array.from(scores), count)]).toEqual(bySorting(scores, count));
      }),
      { numRuns: 500 },
    );
  });

  it('nests: fewer are a subset of more', () => {
    fc.assert(
      fc.property(singles, fc.nat(), fc.nat(), (scores, first, second) => {
        const small = Math.min(first, second) % (scores.length + 1);
        const large = Math.max(small, Math.max(first, second) % (scores.length + 1));
        const more = new Set(topK(scores, large));
        expect([...topK(scores, small)].every((position) => more.has(position))).toBe(true);
      }),
    );
  });

  it('leaves its input alone and reads views at an offset', () => {
    const whole = Float32Array.of(9, 1, 5, 3);

    expect([...topK(whole.subarray(1), 1)]).toEqual([1]);
    expect([...whole]).toEqual([9, 1, 5, 3]);
  });

  it('takes the 100,000 largest of two million', () => {
    const scores = new Float32Array(2_000_000);
    let state = 1;
    for (let i = 0; i < scores.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      scores[i] = state % 100_003;
    }

    const taken = topK(scores, 100_000);

    let outside = -Infinity;
    let inside = Infinity;
    let next = 0;
    scores.forEach((score, i) => {
      if (i === taken[next]) {
        next++;
        inside = Math.min(inside, score);
      } else outside = Math.max(outside, score);
    });
    expect(next).toBe(100_000);
    expect(inside).toBeGreaterThanOrEqual(outside);
  });
});

describe('BoundedTopK', () => {
  const stream = fc
    .uniqueArray(fc.tuple(fc.nat({ max: 400 }), fc.oneof(few, fc.float({ noNaN: true }))), {
      selector: ([index]) => index,
      maxLength: 60,
    })
    .map((pairs) => pairs.filter(([, value]) => Number.isFinite(value)));

  it('agrees with topK of the magnitudes, whatever the order of pushes', () => {
    fc.assert(
      fc.property(stream, fc.nat({ max: 70 }), (pairs, capacity) => {
        const top = new BoundedTopK(capacity);
        for (const [index, value] of pairs) top.push(index, value);
        const ordered = [...pairs].sort((a, b) => a[0] - b[0]);
        const magnitudes = ordered.map(([, value]) => Math.abs(value));
        const expected = [...topK(magnitudes, Math.min(capacity, pairs.length))].map((i) => ordered[i]!);

        const { indices, values } = top.result();

        expect([...indices]).toEqual(expected.map(([index]) => index));
        expect([...values]).toEqual(expected.map(([, value]) => value));
      }),
      { numRuns: 500 },
    );
  });

  it('compares what it stores: doubles that round to one float32 are ties', () => {
    const top = new BoundedTopK(1);
    top.push(7, 1);
    top.push(9, 1 + Number.EPSILON);

    expect([...top.result().indices]).toEqual([7]);
  });

  it('refuses what is not finite, and impossible capacities', () => {
    expect(() => {
      new BoundedTopK(0).push(3, Number.NaN);
    }).toThrow('[not_finite] the value at index 3');
    expect(() => new BoundedTopK(1.5)).toThrow('[invalid_argument]');
  });
});

describe('topInactive', () => {
  const layer = { name: 'a/kernel', size: 6, active: Uint32Array.of(1, 4) };

  it.each([
    [2, [2, 5], [-3, 3]],
    [3, [0, 2, 5], [2, -3, 3]],
    [9, [0, 2, 3, 5], [2, -3, 1, 3]],
    [0, [], []],
  ])('takes %p of the inactive', (count, indices, values) => {
    const top = topInactive(layer, Float32Array.of(2, 99, -3, 1, -99, 3), count);

    expect([...top.indices]).toEqual(indices);
    expect([...top.values]).toEqual(values);
  });

  it('wants one value per weight', () => {
    expect(() => topInactive(layer, new Float32Array(5), 1)).toThrow('[wrong_length] a/kernel has 6');
  });
});
