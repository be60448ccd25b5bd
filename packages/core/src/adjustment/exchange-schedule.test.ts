import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../graph/zoo/index.js';
import type { AdjustmentSpec } from './adjustment-spec.js';
import { denseMask, Mask } from '../mask/mask.js';
import { adjustmentRequests, exchangeCount, isAdjustmentRound } from './exchange-schedule.js';

const spec: AdjustmentSpec = {
  interval: 10,
  stopRound: 100,
  granularity: 'block',
  peakFraction: 0.3,
  gradientWeighting: 'samples',
};

describe('isAdjustmentRound', () => {
  it.each([
    [10, 100, [10, 20, 30, 40, 50, 60, 70, 80, 90]],
    [2, 6, [2, 4]],
    [3, 18, [3, 6, 9, 12, 15]],
    [1, 4, [1, 2, 3]],
    [7, 7, []],
    [0, 100, []],
  ])('every %p rounds until %p: %p', (interval, stopRound, expected) => {
    const rounds = Array.from({ length: 200 }, (_, round) => round);

    expect(rounds.filter((round) => isAdjustmentRound(round, { ...spec, interval, stopRound }))).toEqual(
      expected,
    );
  });
});

describe('exchangeCount', () => {
  // 0.15·(1 + cos(πr/100)) of 1000: 30 % at the start, 15 % half-way, nothing at the end.
  it.each([
    [0, 300],
    [10, 293],
    [25, 256],
    [50, 150],
    [75, 44],
    [90, 7],
    [99, 0],
    [100, 0],
    [250, 0],
  ])('in round %p exchanges %p of 1000', (round, count) => {
    expect(exchangeCount(round, spec, 1000)).toBe(count);
  });

  it('rounds to the nearest, a half up', () => {
    expect([1, 2, 3, 5].map((active) => exchangeCount(0, spec, active))).toEqual([0, 1, 1, 2]);
    expect(exchangeCount(0, spec, 0)).toBe(0);
  });

  it.each([-0.1, 1.1, Number.NaN])('refuses peak fraction %p', (peakFraction) => {
    expect(() => exchangeCount(0, { ...spec, peakFraction }, 10)).toThrow('[invalid_argument] peakFraction');
  });
});

describe('adjustmentRequests', () => {
  const graph = buildModel({ name: 'cnn-small', width: 4 }, [8, 8, 3], 2);
  const sparse = new Mask(
    denseMask(graph).layers.map(({ name, size }, i) => ({
      name,
      size,
      active: Uint32Array.from({ length: i === 2 ? size - 1 : 10 * (i + 1) }, (_, at) => at),
    })),
  );
  const at = (adjustment: number) => ({ round: 0, adjustment });

  it('asks the block whose turn it is for a_t, or for all that are inactive', () => {
    expect(adjustmentRequests(graph, sparse, spec, at(0))).toEqual([{ layer: 'conv4/kernel', count: 1 }]);
    expect(adjustmentRequests(graph, sparse, spec, at(1))).toEqual([{ layer: 'conv3/kernel', count: 6 }]);
    expect(adjustmentRequests(graph, sparse, { ...spec, granularity: 'entire' }, at(7))).toEqual([
      { layer: 'conv2/kernel', count: 3 },
      { layer: 'conv3/kernel', count: 6 },
      { layer: 'conv4/kernel', count: 1 },
    ]);
  });

  it('asks nothing of a dense model, and nothing when a_t is 0', () => {
    expect(adjustmentRequests(graph, denseMask(graph), spec, at(0))).toEqual([]);
    expect(adjustmentRequests(graph, sparse, spec, { round: 100, adjustment: 0 })).toEqual([]);
  });

  it('refuses a mask of another graph', () => {
    expect(() => adjustmentRequests(graph, new Mask([]), spec, at(0))).toThrow('no layer conv4/kernel');
  });
});
