import { describe, expect, it } from '@jest/globals';
import { coordinateRule } from '../aggregation/coordinate-rule.js';
import type { AggregationSpec } from '../aggregation/aggregation-spec.js';
import type { Evaluation } from '../trainer/trainer.js';
import type { MomentTree } from '../params/model-state.js';
import type { NestedPool } from './nested-pool.js';
import { mergeCandidates, selectCandidate, type CandidateStatistics } from './select-candidate.js';

const pool: NestedPool = {
  union: [{ name: 'a/kernel', size: 8, active: Uint32Array.of(0, 1, 2, 3) }],
  values: new Float32Array(4),
  counts: [Uint32Array.of(4), Uint32Array.of(2)],
  moments: new Map(),
};
const PLAIN: AggregationSpec = { kind: 'weightedMean', weighting: 'samples', clip: null, options: {} };
const RULES: readonly (readonly [string, AggregationSpec])[] = [
  ['the median', { ...PLAIN, kind: 'median' }],
  ['the trimmed mean', { ...PLAIN, kind: 'trimmedMean', options: { trim: 0.2 } }],
  ['everybody alike', { ...PLAIN, kind: 'trimmedMean', weighting: 'equal', options: { trim: 0.2 } }],
];

const evaluations = (...losses: number[]): readonly Evaluation[] =>
  losses.map((loss) => ({ lossSum: 10 * loss, correct: 5, samples: 10 }));
const momentsOf = (mean: number): MomentTree =>
  new Map([['bn', { mean: Float32Array.of(mean), variance: Float32Array.of(1) }]]);
const statistics = (mean: number): CandidateStatistics => ({
  candidates: [momentsOf(mean), momentsOf(-mean)],
  samples: 10,
});

/** Four that agree on the first candidate, and one that says whatever moves the choice most. */
const LOSSES = [...[0.5, 0.52, 0.54, 0.56].map((loss) => evaluations(loss, loss + 0.3)), evaluations(1e6, 0)];
const MOMENTS = [...[1, 1.1, 0.9, 1].map(statistics), statistics(1e6)];

describe('one hostile client of five in the selection', () => {
  it('sways plain means', () => {
    expect(selectCandidate(pool, LOSSES, coordinateRule(PLAIN)).chosen).toBe(1);
    const [first] = mergeCandidates(MOMENTS, { kind: 'pooled' }, coordinateRule(PLAIN));
    expect(first!.get('bn')!.mean[0]).toBeGreaterThan(1e5);
  });

  describe.each(RULES)('with %s', (_, spec) => {
    const rule = coordinateRule(spec);

    it('does not choose the candidate', () => {
      const { chosen, losses, accuracies } = selectCandidate(pool, LOSSES, rule);
      expect(chosen).toBe(0);
      expect(losses[0]).toBeLessThan(losses[1]!);
      expect(losses[0]).toBeGreaterThanOrEqual(0.5);
      expect(losses[0]).toBeLessThanOrEqual(0.56);
      expect(accuracies).toEqual([0.5, 0.5]);
    });

    it.each([{ kind: 'pooled' }, { kind: 'ema', momentum: 0.9, passes: 1 }] as const)(
      'does not move its statistics, %p',
      (mode) => {
        for (const [c, merged] of mergeCandidates(MOMENTS, mode, rule).entries()) {
          const { mean, variance } = merged.get('bn')!;
          expect(Math.abs(mean[0]! - (c === 0 ? 1 : -1))).toBeLessThan(0.11);
          expect(variance[0]).toBeGreaterThanOrEqual(1);
          expect(variance[0]).toBeLessThan(1.02);
        }
      },
    );
  });
});

it('moving averages leave the spread of the means out of the variance', () => {
  const rule = coordinateRule({ ...PLAIN, kind: 'median' });
  const apart = [-3, 0, 3].map(statistics);
  const [pooled] = mergeCandidates(apart, { kind: 'pooled' }, rule);
  const [moving] = mergeCandidates(apart, { kind: 'ema', momentum: 0.9, passes: 1 }, rule);
  expect(pooled!.get('bn')!.variance[0]).toBe(10);
  expect(moving!.get('bn')!.variance[0]).toBe(1);
});
