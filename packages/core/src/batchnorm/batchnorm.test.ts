import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ModelGraph } from '../graph/model-graph.js';
import { candidateLosses, chooseCandidate } from '../candidates/choose-candidate.js';
import { mergeMoments, type MomentReport } from './merge-moments.js';
import { MomentAccumulator } from './moment-accumulator.js';

/** One batch-norm node of two channels. */
const graph: ModelGraph = {
  name: 'norm',
  nodes: [
    { op: 'input', name: 'in', inputs: [], shape: [2] },
    { op: 'batchNorm', name: 'bn', inputs: ['in'], epsilon: 1e-5, initialGamma: 1 },
    { op: 'dense', name: 'fc', inputs: ['bn'], units: 2, useBias: false },
  ],
  output: 'fc',
  blocks: [],
};
const report = (samples: number, mean: number[], variance: number[]): MomentReport => ({
  samples,
  moments: new Map([['bn', { mean: Float32Array.from(mean), variance: Float32Array.from(variance) }]]),
});
const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const momentsOf = (values: readonly number[]) => {
  const mean = average(values);
  return { mean, variance: average(values.map((value) => (value - mean) ** 2)) };
};
const values = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 12 });

describe('MomentAccumulator', () => {
  it('pools batches of unequal size as if they were one', () => {
    const accumulator = new MomentAccumulator(graph);
    // Channel 0 sees 1, 3 and then 8; channel 1 sees 0, 0 and then 6.
    accumulator.addBatch('bn', { mean: [2, 0], variance: [1, 0], count: 2 });
    accumulator.addBatch('bn', { mean: [8, 6], variance: [0, 0], count: 1 });

    const { mean, variance } = accumulator.result().get('bn')!;

    expect([...mean]).toEqual([4, 2]);
    expect([...variance]).toEqual([Math.fround(26 / 3), 8]);
  });

  it('takes moments or sums, in any mixture, for the same result', () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 5 }), (batches) => {
        const accumulator = new MomentAccumulator(graph);
        for (const [i, batch] of batches.entries()) {
          const { mean, variance } = momentsOf(batch);
          const sum = batch.reduce((total, value) => total + value, 0);
          const sumOfSquares = batch.reduce((total, value) => total + value * value, 0);
          const count = batch.length;
          if (i % 2 === 0) accumulator.addBatch('bn', { mean: [mean, 0], variance: [variance, 0], count });
          else accumulator.addSums('bn', { sum: [sum, 0], sumOfSquares: [sumOfSquares, 0], count });
        }
        const expected = momentsOf(batches.flat());

        const { mean, variance } = accumulator.result().get('bn')!;

        expect(mean[0]).toBeCloseTo(expected.mean, 4);
        expect(variance[0]).toBeCloseTo(expected.variance, 3);
      }),
    );
  });

  it('adds in float64 and is never below 0', () => {
    const accumulator = new MomentAccumulator(graph);
    for (let i = 0; i < 3; i++) {
      accumulator.addBatch('bn', { mean: [1e4, 1e6 + 0.1], variance: [1e-3, 0], count: 7 });
    }

    const { variance } = accumulator.result().get('bn')!;

    expect(variance[0]).toBeCloseTo(1e-3, 6);
    expect(variance[1]).toBeGreaterThanOrEqual(0);
    expect(variance[1]).toBeLessThan(1e-2);
  });

  it('refuses what does not fit', () => {
    const accumulator = new MomentAccumulator(graph);
    const batch = { mean: [0, 0], variance: [1, 1], count: 1 };

    expect(() => accumulator.result()).toThrow('no batch reached bn');
    expect(() => {
      accumulator.addBatch('fc', batch);
    }).toThrow('[invalid_argument] the graph has no batch-norm node fc');
    expect(() => {
      accumulator.addBatch('bn', { ...batch, mean: [0] });
    }).toThrow('[wrong_length] bn has 2 channels');
    expect(() => {
      accumulator.addSums('bn', { sum: [0, 0], sumOfSquares: [0, 0], count: 0 });
    }).toThrow('a batch of 0 positions');
  });
});

describe('mergeMoments', () => {
  it('weighs unequal clients by their samples, exactly', () => {
    // 3 samples around 1 and 1 sample at 5: mean 2, E[x²] = (3·(1 + 1) + 25)/4, less 4.
    const merged = mergeMoments([report(3, [1, 0], [1, 0]), report(1, [5, 8], [0, 4])]).get('bn')!;

    expect([...merged.mean]).toEqual([2, 2]);
    expect([...merged.variance]).toEqual([3.75, 13]);
  });

  it('takes the plain mean of variances on request', () => {
    const merged = mergeMoments([report(3, [1, 0], [1, 0]), report(1, [5, 8], [0, 4])], 'mean').get('bn')!;

    expect([...merged.mean]).toEqual([2, 2]);
    expect([...merged.variance]).toEqual([0.75, 1]);
  });

  it('equals the moments of all samples in one place', () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 5 }), (clients) => {
        const reports = clients.map((samples) => {
          const { mean, variance } = momentsOf(samples);
          return report(samples.length, [mean, 0], [variance, 0]);
        });
        const expected = momentsOf(clients.flat());

        const { mean, variance } = mergeMoments(reports).get('bn')!;

        expect(mean[0]).toBeCloseTo(expected.mean, 4);
        expect(variance[0]).toBeCloseTo(expected.variance, 3);
      }),
    );
  });

  it('is the identity for one client and for clients that agree', () => {
    const one = report(7, [0.1, -3.3], [0.7, 0]);

    expect(mergeMoments([one])).toEqual(one.moments);
    expect(mergeMoments([one, { ...one, samples: 13 }, { ...one, samples: 1 }])).toEqual(one.moments);
  });

  it('is never below 0, even if a client is', () => {
    expect(mergeMoments([report(1, [0, 1e8], [-1e-9, 0])]).get('bn')!.variance).toEqual(
      Float32Array.of(0, 0),
    );
  });

  it('leaves its inputs alone', () => {
    const reports = [report(3, [1, 0], [1, 0]), report(1, [5, 8], [0, 4])];
    const before = structuredClone(reports);

    mergeMoments(reports);

    expect(reports).toEqual(before);
  });

  it.each([
    ['no report', [], '[invalid_argument] 0 reports'],
    ['no sample', [report(0, [0, 0], [1, 1])], '[invalid_argument] 1 reports of 0 samples'],
    ['a missing node', [report(1, [0, 0], [1, 1]), { samples: 1, moments: new Map() }], '[invalid_params]'],
    [
      'other channels',
      [report(1, [0, 0], [1, 1]), report(1, [0], [1])],
      '[invalid_params] a report has 1 means',
    ],
    ['NaN', [report(1, [0, Number.NaN], [1, 1])], '[not_finite] the merged moments of bn'],
  ])('refuses %s', (_, reports, message) => {
    expect(() => mergeMoments(reports)).toThrow(message);
  });
});

describe('chooseCandidate', () => {
  const losses = (samples: number, ...sums: number[]) =>
    sums.map((lossSum) => ({ lossSum, samples, correct: 0 }));

  it('weighs clients by samples, not each alike', () => {
    // Means per client would favour candidate 0 (0.1 and 1.0 against 0.5 and 0.8), samples favour candidate 1.
    const reports = [losses(10, 1, 5), losses(1000, 1000, 800)];

    expect(chooseCandidate(reports)).toBe(1);
    expect(candidateLosses(reports)).toEqual([1001 / 1010, 805 / 1010]);
  });

  it('takes the first of equals', () => {
    expect(chooseCandidate([losses(2, 3, 1, 1), losses(2, 3, 1, 1)])).toBe(1);
  });

  it.each([
    ['no client', [], '[invalid_argument] there is no candidate'],
    [
      'different numbers of candidates',
      [losses(1, 1, 2), losses(1, 1)],
      '[invalid_argument] a client evaluated 1',
    ],
    ['no sample', [losses(0, 0)], '[invalid_argument] candidate 0 was evaluated on 0'],
    ['NaN', [losses(1, 1, Number.NaN)], '[not_finite] the loss of candidate 1'],
    ['infinity', [losses(1, Infinity)], '[not_finite]'],
  ])('refuses %s', (_, reports, message) => {
    expect(() => chooseCandidate(reports)).toThrow(message);
  });
});
