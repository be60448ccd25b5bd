import { describe, expect, it } from '@jest/globals';
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

  it('refuses to average nothing', () => {
    expect(() => meanTopGradients([], 'equal')).toThrow('[invalid_argument] 0 reports');
    expect(() => meanTopGradients([{ samples: 0, topGradients: [] }], 'samples')).toThrow('of 0 samples');
  });
});
