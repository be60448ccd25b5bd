import { describe, expect, it } from '@jest/globals';
import { keptCount, topK } from './top-k.js';

describe('keptCount', () => {
  it.each([
    [0.29, 100, 29],
    [0.005, 100, 1],
    [0.001, 100, 1],
    [0.015, 100, 2],
    [1, 7, 7],
    [0.5, 5, 3],
  ])('density %p of %p keeps %p', (density, size, kept) => {
    expect(keptCount(density, size)).toBe(kept);
  });

  it.each([0, -0.1, 1.01, Number.NaN])('refuses density %p', (density) => {
    expect(() => keptCount(density, 10)).toThrow('[invalid_argument]');
  });
});

describe('topK', () => {
  it.each([
    [[3, 1, 2], 2, [0, 2]],
    [[1, 1, 1, 1], 2, [0, 1]],
    [[0, -1, 5, 5], 1, [2]],
    [[1, 2], 0, []],
  ])('of %p takes %p: %p', (scores, count, positions) => {
    expect([...topK(scores, count)]).toEqual(positions);
  });

  it('refuses NaN and too many', () => {
    expect(() => topK([1, Number.NaN], 1)).toThrow('[not_finite]');
    expect(() => topK([1], 2)).toThrow('[invalid_argument]');
  });
});
