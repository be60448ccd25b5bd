import { describe, expect, it } from '@jest/globals';
import { levelTable, quantizeKernel, quantizerNamed, quantizers } from './index.js';
import { powersOfTwoQuantizer } from './powers-of-two.js';
import { uniformQuantizer } from './uniform.js';

describe.each(Object.values(quantizers))('quantizer $id', (quantizer) => {
  it.each([2, 3, 4, 5, 6, 7, 8])(
    'at %i bits has levels from 0 to 1, ascending, no more than codes',
    (bits) => {
      const levels = quantizer.levels(bits);
      expect(levels[0]).toBe(0);
      expect(levels.at(-1)).toBe(1);
      expect(levels.length).toBeLessThanOrEqual(2 ** (bits - 1));
      levels.slice(1).forEach((level, i) => {
        expect(level).toBeGreaterThan(levels[i]!);
      });
    },
  );

  it.each([1, 9, 4.5, NaN])('refuses %p bits', (bits) => {
    expect(() => quantizer.levels(bits)).toThrow('[invalid_argument]');
  });

  it('rounds a rounded kernel to itself, keeps zeros, and errs less with more bits', () => {
    const kernel = Float32Array.from({ length: 60 }, (_, i) =>
      i % 7 === 0 ? 0 : Math.sin(i * 1.7) * (1 + (i % 3)),
    );
    const error = (bits: number): number => {
      const rounded = quantizeKernel(kernel, 3, levelTable(quantizer, bits));
      expect(rounded.filter((_, i) => i % 7 === 0).every((value) => value === 0)).toBe(true);
      return rounded.reduce((sum, value, i) => sum + (value - kernel[i]!) ** 2, 0);
    };
    expect(error(8)).toBeLessThan(error(6));
    expect(error(6)).toBeLessThan(error(4));
  });
});

describe('quantizers', () => {
  it('are found by name', () => {
    expect(quantizerNamed('apot')).toBe(powersOfTwoQuantizer);
    expect(() => quantizerNamed('apo')).toThrow('did you mean apot?');
  });

  it('uniform has equal steps; powers of two lie denser around 0, sums of two powers each', () => {
    expect([...uniformQuantizer.levels(3)]).toEqual([0, 1 / 3, 2 / 3, 1]);
    // 2 + 1 bits: {0, 1, 1/4, 1/16} + {0, 1/2}, over 1.5.
    expect([...powersOfTwoQuantizer.levels(4)].map((level) => level * 1.5)).toEqual(
      [0, 1 / 16, 1 / 4, 1 / 2, 9 / 16, 3 / 4, 1, 3 / 2].map((level) => expect.closeTo(level, 12)),
    );
  });

  it("breaks no value further than half a step, in its filter's own scale", () => {
    const kernel = Float32Array.of(1, 100, -0.4, -35, 0.2, 71);
    const rounded = quantizeKernel(kernel, 2, levelTable(uniformQuantizer, 8));
    rounded.forEach((value, i) => {
      expect(Math.abs(value - kernel[i]!)).toBeLessThanOrEqual((i % 2 === 0 ? 1 : 100) / 127 / 2 + 1e-6);
    });
  });
});
