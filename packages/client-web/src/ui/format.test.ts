import { describe, expect, it } from '@jest/globals';
import { byteText, countText, durationText, percent, plural } from './format.js';

describe('figures as people read them', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [123_456, '123 kB'],
    [1_400_000, '1.4 MB'],
    [2e12, '2.0 TB'],
  ])('%p bytes are %p', (bytes, text) => {
    expect(byteText(bytes)).toBe(text);
  });

  it.each([
    [0.04, '0.0 s'],
    [9.5, '9.5 s'],
    [59.4, '59 s'],
    [200, '3 min 20 s'],
    [7500, '2 h 05 min'],
  ])('%p seconds are %p', (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });

  it('groups digits, counts things and shows what is missing', () => {
    expect(countText(1234567)).toBe('1\u202f234\u202f567');
    expect([plural(1, 'image'), plural(2, 'image')]).toEqual(['1 image', '2 images']);
    expect([percent(0.5816), percent(null)]).toEqual(['58.2 %', '–']);
  });
});
