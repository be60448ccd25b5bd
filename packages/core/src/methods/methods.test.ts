import { describe, expect, it } from '@jest/globals';
import { buildModel } from '../graph/zoo/index.js';
import { maskableSpecs, parameterSpecs } from '../graph/parameters.js';
import { methodContract } from '../testing/method-contract.js';
import { adjustmentRoundsOf, methodNamed, methodNames, methods, narrowModel } from './index.js';

for (const method of Object.values(methods)) methodContract(method);

describe('the list of methods', () => {
  it('has each under its own name, once', () => {
    for (const [name, method] of Object.entries(methods)) expect(method.name).toBe(name);
    expect(methodNames().length).toBeGreaterThanOrEqual(16);
    expect(() => methodNamed('fedtinny')).toThrow('did you mean fedtiny');
  });

  it('lets only methods with a rule adjust', () => {
    const adjustment = {
      interval: 3,
      stopRound: 10,
      granularity: 'block',
      peakFraction: 0.3,
      gradientWeighting: 'samples',
    } as const;
    expect(adjustmentRoundsOf({ method: 'cubic', rounds: 20, pruning: adjustment })).toEqual([3, 6, 9]);
    expect(adjustmentRoundsOf({ method: 'snip', rounds: 20, pruning: adjustment })).toEqual([]);
  });
});

describe('a narrow network', () => {
  const purpose = { imageShape: [32, 32, 3] as const, classes: 10 };
  const parameters = (width: number): number =>
    parameterSpecs(buildModel({ name: 'resnet18', width }, purpose.imageShape, 10)).reduce(
      (sum, { size }) => sum + size,
      0,
    );

  it.each([0.02, 0.05, 0.1, 0.5])('at density %p is the widest with no more parameters', (density) => {
    const whole = buildModel({ name: 'resnet18', width: 16 }, purpose.imageShape, 10);
    const maskable = maskableSpecs(whole).reduce((sum, { size }) => sum + size, 0);
    const budget = parameters(16) - maskable + Math.round(density * maskable);

    const { width } = narrowModel({ name: 'resnet18', width: 16 }, purpose, density);

    expect(parameters(width!)).toBeLessThanOrEqual(budget);
    expect(parameters(width! + 1)).toBeGreaterThan(budget);
  });

  it('is refused where there is none', () => {
    expect(() => narrowModel({ name: 'resnet18', width: 2 }, purpose, 0.001)).toThrow('[invalid_job]');
  });
});
