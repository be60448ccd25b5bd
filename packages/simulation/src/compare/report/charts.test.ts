import { describe, expect, it } from '@jest/globals';
import { cellResultSchema } from '../cell-result.js';
import type { ResultGroup } from '../statistics.js';
import { accuracyCurves, methodStyles } from './charts.js';

/** A row of two seeds, two rounds each. */
function row(name: string): ResultGroup {
  const results = [1, 2].map((seed) =>
    cellResultSchema.parse({
      ...{ name, density: 0.1, seed, accuracy: { final: 0.5, best: 0.5 }, maskable: 0.1 },
      ...{ up: 1, down: 1, macs: 1, forwardMacs: 1, peakBytes: 1, seconds: 1 },
    }),
  );
  const accuracy = [0.4, 0.5];
  return {
    ...{ name, density: 0.1, partition: null },
    results: results.map((result) => ({
      ...result,
      curve: { ...{ accuracy, trainLoss: [], up: [], down: [], macs: [] }, seconds: [], density: [] },
    })),
  };
}

describe('curves over rounds', () => {
  it.each([
    [6, true],
    [7, false],
  ])('of %p rows have bands: %p', (count, bands) => {
    const names = Array.from({ length: count }, (_, i) => `row ${i}`);
    const drawn = accuracyCurves(names.map(row), methodStyles(names));
    expect(drawn?.bands).toBe(bands);
    // A line a row, and two edges more where there is a band.
    expect(drawn?.option['series']).toHaveLength(bands ? 3 * count : count);
  });
});
