import { describe, expect, it } from '@jest/globals';
import { dirichlet, sharesOfLogs } from './dirichlet.js';
import { lnGammaSource } from './gamma.js';
import { normalSource } from './normal.js';
import { randomStream } from './stream.js';

const DRAWS = 10_000;

/** Mean, variance and skewness. */
function momentsOf(draw: () => number): readonly [number, number, number] {
  const draws = Array.from({ length: DRAWS }, draw);
  const mean = draws.reduce((sum, x) => sum + x, 0) / DRAWS;
  const central = (power: number) => draws.reduce((sum, x) => sum + (x - mean) ** power, 0) / DRAWS;
  const variance = central(2);
  return [mean, variance, central(3) / variance ** 1.5];
}

/** Five standard errors of a sample mean. */
function margin(variance: number): number {
  return 5 * Math.sqrt(variance / DRAWS);
}

describe('normalSource', () => {
  it('has mean 0, variance 1, skewness 0, and 68.3 % within one standard deviation', () => {
    const normal = normalSource(randomStream({ seed: 1, purpose: 'normal' }));
    const [mean, variance, skewness] = momentsOf(normal);
    const inside = Array.from({ length: DRAWS }, normal).filter((x) => Math.abs(x) < 1).length / DRAWS;

    expect(Math.abs(mean)).toBeLessThan(margin(1));
    expect(Math.abs(variance - 1)).toBeLessThan(margin(2));
    expect(Math.abs(skewness)).toBeLessThan(margin(6));
    expect(Math.abs(inside - 0.6827)).toBeLessThan(margin(0.22));
  });

  it('gives these numbers on every engine', () => {
    const normal = normalSource(randomStream({ seed: 1, purpose: 'normal' }));
    expect(Array.from({ length: 4 }, normal)).toEqual([
      -2.1060269055597205, -0.18613988408361287, 0.15002682874638948, -0.4032507389593596,
    ]);
  });
});

describe('lnGammaSource', () => {
  it.each([0.05, 0.5, 1, 2.5, 40])(
    'with alpha %p has mean and variance alpha, skewness 2/√alpha',
    (alpha) => {
      const draw = lnGammaSource(randomStream({ seed: 2, purpose: 'gamma' }), alpha);
      const [mean, variance, skewness] = momentsOf(() => Math.exp(draw()));

      expect(Math.abs(mean - alpha)).toBeLessThan(margin(alpha));
      expect(Math.abs(variance - alpha)).toBeLessThan(margin(2 * alpha ** 2 + 6 * alpha));
      expect(Math.abs(skewness * Math.sqrt(alpha) - 2)).toBeLessThan(0.5);
    },
  );

  it('draws logarithms that stay finite at tiny alpha', () => {
    const draw = lnGammaSource(randomStream({ seed: 2, purpose: 'gamma' }), 1e-4);
    const logs = Array.from({ length: 1000 }, draw);
    expect(logs.every(Number.isFinite)).toBe(true);
    expect(Math.min(...logs)).toBeLessThan(-1000);
  });

  it.each([0, -1, Infinity, Number.NaN])('refuses alpha %p', (alpha) => {
    expect(() => lnGammaSource(randomStream({ seed: 1, purpose: 'x' }), alpha)).toThrow(
      '[invalid_argument] alpha',
    );
  });
});

describe('dirichlet', () => {
  it.each([1e-4, 0.1, 0.5, 1, 100])('with alpha %p gives shares that add up to 1', (alpha) => {
    const stream = randomStream({ seed: 3, purpose: 'dirichlet' });
    for (let i = 0; i < 50; i++) {
      const shares = dirichlet(stream, alpha, 10);
      expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    }
  });

  // A share is Beta(α, (K − 1)α): mean 1/K, variance (K − 1)/(K²(Kα + 1)).
  it.each([0.1, 0.5, 5])('with alpha %p has the mean and variance of a Beta', (alpha) => {
    const stream = randomStream({ seed: 3, purpose: 'dirichlet' });
    const variance = 4 / (25 * (5 * alpha + 1));
    const [gotMean, gotVariance] = momentsOf(() => dirichlet(stream, alpha, 5)[2]!);

    expect(Math.abs(gotMean - 0.2)).toBeLessThan(margin(variance));
    expect(gotVariance / variance).toBeCloseTo(1, 1);
  });

  it('refuses no shares at all', () => {
    expect(() => dirichlet(randomStream({ seed: 1, purpose: 'x' }), 1, 0)).toThrow('[invalid_argument]');
  });

  it('turns logs into shares without under- or overflow', () => {
    expect(sharesOfLogs([5000, 5000, -Infinity, -9000])).toEqual([0.5, 0.5, 0, 0]);
  });
});
