import { describe, expect, it } from '@jest/globals';
import { aggregatorContract } from '../testing/aggregator-contract.js';
import * as room from './index.js';

const { addUpdate, aggregatorNamed, aggregators, weightedMean } = room;

for (const aggregator of Object.values(aggregators)) aggregatorContract(aggregator);

describe('the registry of aggregators', () => {
  it('lists every aggregator of the room, which runs the contract over it', () => {
    const plugIns = Object.values(room).filter((value) => typeof value === 'object' && 'accumulate' in value);

    expect(new Set(plugIns)).toEqual(new Set(Object.values(aggregators)));
  });

  it('lists each under its id, and names the valid ones', () => {
    for (const [id, aggregator] of Object.entries(aggregators)) expect(aggregator.id).toBe(id);
    expect(aggregatorNamed('weightedMean')).toBe(weightedMean);
    expect(() => aggregatorNamed('mean')).toThrow('Valid names: weightedMean');
  });
});

describe('weightedMean', () => {
  it('weighs by samples', () => {
    const first = weightedMean.accumulate(weightedMean.init(2), {
      values: Float32Array.of(4, -8),
      weight: 30,
    });
    const both = weightedMean.accumulate(first, { values: Float32Array.of(8, 0), weight: 10 });

    expect(weightedMean.finalize(both)).toEqual(Float64Array.of(5, -6));
  });

  it('adds in float64: a small client is not rounded away', () => {
    const large = weightedMean.accumulate(weightedMean.init(1), {
      values: Float32Array.of(1),
      weight: 2 ** 26,
    });
    const both = weightedMean.accumulate(large, { values: Float32Array.of(2), weight: 1 });

    expect(weightedMean.finalize(both)[0]).toBe((2 ** 26 + 2) / (2 ** 26 + 1));
  });
});

describe('addUpdate', () => {
  it('adds, rounds once, and leaves the model alone', () => {
    const values = Float32Array.of(1, -2);

    expect(addUpdate(values, Float64Array.of(0.1, 2))).toEqual(Float32Array.of(1.1, 0));
    expect(values).toEqual(Float32Array.of(1, -2));
  });

  it('refuses another length', () => {
    expect(() => addUpdate(new Float32Array(2), new Float64Array(3))).toThrow('[wrong_length]');
  });
});
