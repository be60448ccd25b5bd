import { describe, expect, it } from '@jest/globals';
import { trimmed } from '../aggregation/trimmed-mean.js';
import type { TopGradients } from '../trainer/trainer.js';
import { meanTopGradients } from './mean-gradients.js';

const top = (layer: string, pairs: Record<number, number>): TopGradients => ({
  layer,
  indices: Uint32Array.from(Object.keys(pairs), Number),
  values: Float32Array.from(Object.values(pairs)),
});
const reports = [
  { samples: 30, topGradients: [top('a/kernel', { 2: 4, 7: -2 }), top('b/kernel', { 0: 1 })] },
  { samples: 10, topGradients: [top('a/kernel', { 1: 8, 7: 2 })] },
];

describe('meanTopGradients', () => {
  it('weighs by samples, and counts what was not reported as 0', () => {
    const means = meanTopGradients(reports, 'samples');

    expect(means.get('a/kernel')).toEqual({
      indices: Uint32Array.of(1, 2, 7),
      values: Float64Array.of(2, 3, -1),
    });
    expect(means.get('b/kernel')).toEqual({ indices: Uint32Array.of(0), values: Float64Array.of(0.75) });
  });

  it('weighs equally on request', () => {
    const means = meanTopGradients(reports, 'equal');

    expect(means.get('a/kernel')).toEqual({
      indices: Uint32Array.of(1, 2, 7),
      values: Float64Array.of(4, 2, 0),
    });
    expect(means.get('b/kernel')!.values).toEqual(Float64Array.of(0.5));
  });

  it('does not depend on the order where sums are exact, and leaves reports alone', () => {
    const before = structuredClone(reports);

    expect(meanTopGradients([...reports].reverse(), 'samples').get('a/kernel')).toEqual(
      meanTopGradients(reports, 'samples').get('a/kernel'),
    );
    expect(reports).toEqual(before);
  });

  it('adds in float64', () => {
    const small = { samples: 1, topGradients: [top('a/kernel', { 0: 2 ** -30 })] };
    const large = { samples: 1, topGradients: [top('a/kernel', { 0: 1 })] };

    expect(meanTopGradients([large, small], 'equal').get('a/kernel')!.values[0]).toBe((1 + 2 ** -30) / 2);
  });

  describe('by the rule of a trimmed mean', () => {
    const honest = Array.from({ length: 4 }, (_, k) => ({
      samples: 10,
      topGradients: [top('a/kernel', { 2: 4 + k, 7: -2 })],
    }));
    const inventor = { samples: 10, topGradients: [top('a/kernel', { 2: 1e6, 5: 1e6 })] };
    const ruled = meanTopGradients([...honest, inventor], 'samples', trimmed(0.2)).get('a/kernel')!;

    it('a position that one of five invented comes to nothing', () => {
      expect([...ruled.indices]).toEqual([2, 5, 7]);
      expect(ruled.values[1]).toBe(0);
      expect(meanTopGradients([...honest, inventor], 'samples').get('a/kernel')!.values[1]).toBe(2e5);
    });

    it('and what it says of others’ positions is left out, as the smallest is', () => {
      expect(ruled.values[0]).toBe((5 + 6 + 7) / 3);
      expect(ruled.values[2]).toBe(-2);
    });

    it('weighs by samples inside', () => {
      const [first, ...others] = honest;
      const heavy = { ...others[0]!, samples: 30 };
      const { values } = meanTopGradients(
        [first!, heavy, ...others.slice(1), inventor],
        'samples',
        trimmed(0.2),
      ).get('a/kernel')!;
      expect(values[0]).toBe((30 * 5 + 10 * 6 + 10 * 7) / 50);
    });
  });

  it('refuses to average nothing', () => {
    expect(() => meanTopGradients([], 'equal')).toThrow('[invalid_argument] 0 reports');
    expect(() => meanTopGradients([{ samples: 0, topGradients: [] }], 'samples')).toThrow('of 0 samples');
  });
});
