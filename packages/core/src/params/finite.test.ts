import { describe, expect, it } from '@jest/globals';
import { firstNotFinite } from './finite.js';

describe('firstNotFinite', () => {
  it.each([
    [[], -1],
    [[0, -0, 3.4e38, -3.4e38, 1e-45], -1],
    [[1, Number.NaN, 2], 1],
    [[1, 2, Infinity], 2],
    [[-Infinity, Infinity], 0],
    [[1, 2, 3, 4, 5, Number.NaN, 7, 8, 9], 5],
    [[1, 2, 3, 4, 5, 6, 7, 8, -Infinity], 8],
  ])('of %p is %p', (values, at) => {
    expect(firstNotFinite(Float32Array.from(values))).toBe(at);
  });
});
