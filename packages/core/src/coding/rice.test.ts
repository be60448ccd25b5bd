import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bestRice, riceFormulaBits, riceLength, riceParameter } from './rice.js';

/** Maskable weights of ResNet-18 in its CIFAR form. */
const RESNET18 = 11_157_504;

describe('the Rice formula', () => {
  // Worked by hand from b* and b̄ for fp32 ResNet-18; bits per non-zero and megabytes of indices.
  it.each([
    [0.5, 0, 2.0, 1.4],
    [0.2, 2, 3.69, 1.03],
    [0.1, 3, 4.76, 0.66],
    [0.05, 4, 5.79, 0.4],
    [0.01, 6, 8.11, 0.113],
    [0.001, 9, 11.5, 0.016],
  ])('at density %p takes b* = %p, %p bits a weight, %p MB', (density, parameter, bits, megabytes) => {
    const count = Math.round(density * RESNET18);

    expect(riceParameter(count, RESNET18)).toBe(parameter);
    expect(Math.abs(riceFormulaBits(count, RESNET18) / count - bits)).toBeLessThan(0.01);
    expect(Math.abs(riceFormulaBits(count, RESNET18) / 8e6 - megabytes)).toBeLessThan(0.006);
  });

  it('is b* = 1 + ⌊log₂(ln(φ−1) / ln(1−p))⌋, at least 0', () => {
    const phi = (1 + Math.sqrt(5)) / 2;
    for (let count = 1; count < 1000; count++) {
      const published = 1 + Math.floor(Math.log2(Math.log(phi - 1) / Math.log(1 - count / 1000)));
      expect([count, riceParameter(count, 1000)]).toEqual([count, Math.max(0, published)]);
    }
  });

  it('costs nothing for nothing and one bit each for everything', () => {
    expect(riceFormulaBits(0, 10)).toBe(0);
    expect(riceFormulaBits(10, 10)).toBe(10);
  });
});

describe('bestRice', () => {
  it('is never longer than b* and its neighbours', () => {
    const indices = fc.uniqueArray(fc.nat({ max: 9999 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(indices, (drawn) => {
        const active = Uint32Array.from(drawn).sort();
        const formula = riceParameter(active.length, 10_000);
        const { length } = bestRice(active, 10_000);
        for (const riceBits of [formula - 1, formula, formula + 1].filter((bits) => bits >= 0)) {
          expect(length).toBeLessThanOrEqual(riceLength(active, riceBits));
        }
      }),
    );
  });
});
