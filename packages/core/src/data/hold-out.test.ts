import { describe, expect, it } from '@jest/globals';
import { holdOut, splitFraction, splitPerClass } from './hold-out.js';

const labels = Array.from({ length: 60 }, (_, i) => i % 3);

describe('holdOut', () => {
  it('takes the same number of every class and leaves the rest to the clients', () => {
    const { server, clients } = holdOut(labels, 3, 5, 1);

    expect([0, 1, 2].map((label) => server.filter((i) => labels[i] === label).length)).toEqual([5, 5, 5]);
    expect([...server, ...clients].sort((a, b) => a - b)).toEqual(labels.map((_, i) => i));
    expect([...server].sort((a, b) => a - b)).toEqual(server);
  });

  it('draws by seed', () => {
    expect(holdOut(labels, 3, 5, 1)).toEqual(holdOut(labels, 3, 5, 1));
    expect(holdOut(labels, 3, 5, 2).server).not.toEqual(holdOut(labels, 3, 5, 1).server);
  });

  it('may hold out nothing', () => {
    expect(holdOut(labels, 3, 0, 1)).toEqual({ server: [], clients: labels.map((_, i) => i) });
  });

  it.each([20, 21, 1000])('refuses %p of 20 per class', (samplesPerClass) => {
    expect(() => holdOut(labels, 3, samplesPerClass, 1)).toThrow(/\[invalid_data\] class 0 has 20 samples/);
  });

  it.each([-1, 0.5, Number.NaN])('refuses %p per class', (samplesPerClass) => {
    expect(() => holdOut(labels, 3, samplesPerClass, 1)).toThrow('[invalid_argument]');
  });
});

describe('splitFraction', () => {
  const key = { seed: 1, purpose: 'development', partition: 3 };

  it.each([
    [100, 0.1, 10],
    [104, 0.1, 10],
    [105, 0.1, 11],
    [3, 0.1, 1],
    [3, 0.99, 2],
    [100, 0, 0],
    [100, 1, 100],
    [1, 1, 1],
    [0, 0, 0],
  ])('of %p samples at %p takes %p', (size, fraction, count) => {
    const { first, rest } = splitFraction(size, fraction, key);

    expect(first).toHaveLength(count);
    expect([...first, ...rest].sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
  });

  it('draws by key', () => {
    expect(splitFraction(100, 0.1, key)).toEqual(splitFraction(100, 0.1, { ...key }));
    expect(splitFraction(100, 0.1, key)).not.toEqual(splitFraction(100, 0.1, { ...key, partition: 4 }));
  });

  it.each([-0.1, 1.1, Number.NaN])('refuses the fraction %p', (fraction) => {
    expect(() => splitFraction(10, fraction, key)).toThrow('[invalid_argument]');
  });

  it('refuses to split a single sample', () => {
    expect(() => splitFraction(1, 0.5, key)).toThrow('[invalid_data] 1 samples cannot be split');
  });
});

describe('splitPerClass', () => {
  it('takes the share of every class, at least one, and never the last', () => {
    const labels = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2];
    const { first, rest } = splitPerClass(labels, 3, { fraction: 0.2, seed: 1 });

    expect(first.map((at) => labels[at])).toEqual([0, 0, 1]);
    expect([...first, ...rest].sort((a, b) => a - b)).toEqual(labels.map((_, i) => i));
    expect(splitPerClass(labels, 3, { fraction: 0.2, seed: 1 }).first).toEqual(first);
  });

  it('takes nothing at fraction 0', () => {
    expect(splitPerClass([0, 1, 0], 2, { fraction: 0, seed: 1 })).toEqual({ first: [], rest: [0, 1, 2] });
  });
});
