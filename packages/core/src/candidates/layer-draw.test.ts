import { describe, expect, it } from '@jest/globals';
import { randomStream } from '../random/stream.js';
import { drawKeptCounts, POOL_TOLERANCE, type DrawnLayer } from './layer-draw.js';

const layers = (count: number, size: number, centre: number, spread: number): readonly DrawnLayer[] =>
  Array.from({ length: count }, (_, i) => ({ name: String(i), size, centre, spread }));
const stream = (purpose: string) => randomStream({ seed: 1, purpose });
const sum = (counts: Uint32Array) => counts.reduce((total, count) => total + count, 0);

describe('drawKeptCounts', () => {
  it('draws every layer over its whole range', () => {
    const drawn = Array.from({ length: 200 }, (_, i) =>
      drawKeptCounts(layers(6, 1000, 0.2, 0.5), 0.2, stream(`${i}`)),
    );
    const first = drawn.map((counts) => counts[0]!);

    expect(Math.min(...first)).toBeGreaterThanOrEqual(100);
    expect(Math.min(...first)).toBeLessThan(125);
    expect(Math.max(...first)).toBeLessThanOrEqual(300);
    expect(Math.max(...first)).toBeGreaterThan(275);
    for (const counts of drawn) expect(Math.abs(sum(counts) / 6000 - 0.2) / 0.2).toBeLessThan(POOL_TOLERANCE);
  });

  it('fills the net at density 1, which no draw reaches once half of every range is cut off', () => {
    expect(drawKeptCounts(layers(40, 100, 1, 0.5), 1, stream('full'))).toEqual(new Uint32Array(40).fill(100));
  });

  it('scales a draw that cannot meet the density: the order of layers stays, the total is exact', () => {
    // Ranges around 0.5 for a density of 0.25.
    const counts = drawKeptCounts(layers(40, 100, 0.5, 0.1), 0.25, stream('scaled'));

    expect(sum(counts)).toBe(1000);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(22);
    expect(Math.max(...counts)).toBeLessThanOrEqual(28);
    expect(new Set(counts).size).toBeGreaterThan(2);
  });

  it('keeps a weight in every layer, and says so when that is too much', () => {
    expect(sum(drawKeptCounts(layers(4, 10, 0.1, 1), 0.1, stream('least')))).toBe(4);
    expect(() => drawKeptCounts(layers(4, 10, 0.05, 1), 0.05, stream('less'))).toThrow(
      '[invalid_argument] cannot keep 2 of 40 weights in 4 layers',
    );
  });
});
