import { describe, expect, it } from '@jest/globals';
import { amount, bytes, percent } from './terminal.js';

describe('figures for people', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [31_844, '31.8 kB'],
    [247_000, '247 kB'],
    [999_600, '1.00 MB'],
    [2_520_000, '2.52 MB'],
    [1.5e12, '1.50 TB'],
  ])('%p bytes are %p', (count, text) => {
    expect(bytes(count)).toBe(text);
  });

  it.each([
    [999, '999'],
    [131e9, '131 G'],
    [18.7e6, '18.7 M'],
  ])('%p operations are %p', (count, text) => {
    expect(amount(count)).toBe(text);
  });

  it.each([
    [0.4224, '42.2 %'],
    [1, '100.0 %'],
    [null, '–'],
  ])('a share of %p is %p', (share, text) => {
    expect(percent(share)).toBe(text);
  });
});
