import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { cos, exp, ln, pow, sin } from './elementary.js';

/** Two units in the last place; the platform's functions have an error of their own. */
const TOLERANCE = 4.5e-16;
const SETTINGS = { seed: 11, numRuns: 3_000 } as const;

/** Distance in relative terms; below the normal range, in units of the smallest double. */
function relativeError(got: number, expected: number): number {
  if (Object.is(got, expected) || got === expected) return 0;
  return Math.abs(got - expected) / Math.max(Math.abs(expected), 2.2250738585072014e-308);
}

function between(min: number, max: number): fc.Arbitrary<number> {
  return fc.double({ min, max, noNaN: true, noDefaultInfinity: true });
}

/** A positive number of any magnitude. */
const anyMagnitude = fc
  .tuple(between(1, 2), fc.integer({ min: -1022, max: 1022 }))
  .map(([m, e]) => m * 2 ** e);

describe('against the platform, to 2 units in the last place', () => {
  it('ln', () => {
    fc.assert(
      fc.property(fc.oneof(anyMagnitude, between(0.5, 2)), (x) => {
        return relativeError(ln(x), Math.log(x)) < TOLERANCE;
      }),
      SETTINGS,
    );
  });

  it('exp', () => {
    fc.assert(
      fc.property(fc.oneof(between(-745, 709.7), between(-1, 1)), (x) => {
        return relativeError(exp(x), Math.exp(x)) < TOLERANCE;
      }),
      SETTINGS,
    );
  });

  it('sin and cos', () => {
    fc.assert(
      fc.property(fc.oneof(between(-1e6, 1e6), between(-7, 7)), (x) => {
        return (
          relativeError(sin(x), Math.sin(x)) < TOLERANCE && relativeError(cos(x), Math.cos(x)) < TOLERANCE
        );
      }),
      SETTINGS,
    );
  });

  it('pow, where the result is in range', () => {
    fc.assert(
      fc.property(anyMagnitude, between(-700, 700), (base, lnResult) => {
        fc.pre(Math.abs(Math.log(base)) > 1e-3);
        const exponent = lnResult / Math.log(base);
        return relativeError(pow(base, exponent), Math.pow(base, exponent)) < TOLERANCE;
      }),
      SETTINGS,
    );
  });
});

describe('angles near multiples of π/2', () => {
  it.each(Array.from({ length: 40 }, (_, i) => (i + 1) * 15_915))('%p quarter turns', (quarters) => {
    const angle = quarters * 1.5707963267948966;
    expect(relativeError(sin(angle), Math.sin(angle))).toBeLessThan(TOLERANCE);
    expect(relativeError(cos(angle), Math.cos(angle))).toBeLessThan(TOLERANCE);
  });
});

describe('special values', () => {
  it.each([
    [ln(0), -Infinity],
    [ln(1), 0],
    [ln(Infinity), Infinity],
    [ln(-1), Number.NaN],
    [ln(Number.NaN), Number.NaN],
    [ln(5e-324), Math.log(5e-324)],
    [exp(0), 1],
    [exp(-Infinity), 0],
    [exp(-746), 0],
    [exp(710), Infinity],
    [exp(Infinity), Infinity],
    [exp(Number.NaN), Number.NaN],
    [exp(-745.13), 5e-324],
    [sin(0), 0],
    [cos(0), 1],
    [sin(Infinity), Number.NaN],
    [cos(Number.NaN), Number.NaN],
  ])('%p is %p', (got, expected) => {
    expect(got).toBe(expected);
  });

  const bases = [0, 0.5, 1, 2, 10, 1e300, Infinity, -1, -2, -0.5, -Infinity, Number.NaN];
  const exponents = [
    0,
    1,
    2,
    3,
    -1,
    -2,
    0.5,
    -0.5,
    1023,
    -1074,
    1e308,
    -1e308,
    Infinity,
    -Infinity,
    Number.NaN,
  ];
  it.each(bases.flatMap((base) => exponents.map((exponent) => [base, exponent] as const)))(
    'pow(%p, %p) is what Math.pow gives, but for the sign of zero',
    (base, exponent) => {
      const [got, expected] = [pow(base, exponent) + 0, Math.pow(base, exponent) + 0];
      expect(Object.is(got, expected) || relativeError(got, expected) < TOLERANCE).toBe(true);
    },
  );

  it('refuses angles too large to reduce', () => {
    expect(() => cos(1_000_001)).toThrow('[invalid_argument] angle 1000001');
  });
});

it('gives these very bits on every engine', () => {
  const values = new DataView(new ArrayBuffer(8 * 5 * 1000));
  for (let i = 0; i < 1000; i++) {
    const x = (i * 7919) / 997 + 0.001;
    [ln(x), exp(x / 50 - 80), sin(x), cos(x), pow(x, i / 100 - 5)].forEach((value, f) => {
      values.setFloat64(8 * (5 * i + f), value);
    });
  }
  expect(bytesToHex(sha256(new Uint8Array(values.buffer)))).toBe(
    '6dbdbf3ee3d3940b066eac3a9a9bc5c957a4c8bf533272b991a7876b9bb4b316',
  );
});
