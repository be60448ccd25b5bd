import { describe, expect, it } from '@jest/globals';
import { sharedParams } from './shared-params.js';

describe('shared parameters', () => {
  const params = new Map([
    ['a', Float32Array.of(1, -0, 3)],
    ['b', new Float32Array()],
  ]);

  it('have the same names and values, in memory that threads share', () => {
    const shared = sharedParams(params);
    expect([...shared]).toEqual([...params]);
    for (const values of shared.values()) expect(values.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it('are copied once, and no more when they are shared already', () => {
    const shared = sharedParams(params);
    expect(sharedParams(params)).toBe(shared);
    expect(sharedParams(shared)).toBe(shared);
    expect(sharedParams(new Map(params))).not.toBe(shared);
  });
});
