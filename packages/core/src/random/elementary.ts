import { EspalierError } from '../errors.js';
import { scaleBinary, splitBinary } from './binary64.js';

/**
 * Elementary functions out of +, −, ×, ÷ and √ on doubles, which IEEE 754 fixes to the last bit. `Math.exp` and its
 * kin may differ between engines; these give the same bits everywhere, so numbers drawn or scheduled in Node and in a
 * browser agree. All are accurate to about 2 units in the last place.
 */

// ln 2 in two parts; the first has 32 bits, so its product with an exponent is exact.
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
// π/2 in three parts; the first two have 33 bits, so their products with up to 2²⁰ are exact.
const HALF_PI_HIGH = 1.5707963267341256;
const HALF_PI_MIDDLE = 6.077100506303966e-11;
const HALF_PI_LOW = 2.0222662487959506e-21;
const HALF_PI = 1.5707963267948966;
const LOG2_E = 1.4426950408889634;
const MAX_ANGLE = 1_000_000;

// ln m = 2·artanh s = 2s + 2s³/3 + 2s⁵/5 + … with s = (m − 1)/(m + 1); these begin at s⁵.
const LN_TERMS = Array.from({ length: 11 }, (_, k) => 2 / (2 * k + 5));
const EXP_TERMS = reciprocalFactorials(2, 1, 14);
const SIN_TERMS = reciprocalFactorials(3, 2, 9);
const COS_TERMS = reciprocalFactorials(4, 2, 8);

/** Natural logarithm: −Infinity of 0, NaN of negative numbers. */
export function ln(x: number): number {
  if (!(x > 0) || x === Infinity) return x === 0 ? -Infinity : x > 0 ? x : Number.NaN;
  const { mantissa, exponent } = splitBinary(x);
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  const tail = s * square * (2 / 3 + square * horner(LN_TERMS, square));
  return exponent * LN2_HIGH + (2 * s + (tail + exponent * LN2_LOW));
}

/** e^x; 0 below about −745, Infinity above about 709. */
export function exp(x: number): number {
  return Number.isNaN(x) ? x : preciseExp(x, 0);
}

/**
 * base^exponent. As `Math.pow`, but for the sign of zero: 1 for exponent 0, NaN for a negative base with a fractional
 * exponent.
 * Accurate to a few units in the last place also where the result is huge or tiny.
 */
export function pow(base: number, exponent: number): number {
  if (exponent === 0) return 1;
  if (Number.isNaN(base) || Number.isNaN(exponent)) return Number.NaN;
  if (base < 0) return negativePow(base, exponent);
  if (base === 0 || base === Infinity) return (base === 0) === exponent > 0 ? 0 : Infinity;
  if (!Number.isFinite(exponent)) return infinitePow(base, exponent);
  const { high, low } = preciseLn(base);
  if (base === 1 || Math.abs(high * exponent) > 800) return exp(high * exponent);
  const product = twoProduct(high, exponent);
  return preciseExp(product.high, product.low + low * exponent);
}

/**
 * Sine of an angle in radians.
 * @throws EspalierError `invalid_argument` beyond ±1,000,000, where reducing the angle would lose precision.
 */
export function sin(x: number): number {
  return sineOfQuarter(x, 0);
}

/** Cosine; limits as for {@link sin}. */
export function cos(x: number): number {
  return sineOfQuarter(x, 1);
}

/** A number as an unevaluated sum whose second part is below the first's last place. */
interface Sum {
  readonly high: number;
  readonly low: number;
}

/**
 * ln x to about 68 bits: x = m·2^e, s = (m − 1)/(m + 1), ln m = 2·artanh s = 2s + 2s³/3 + 2s⁵/5 + …
 * The first two terms are carried in two parts each, since pow multiplies the logarithm's error by its exponent.
 */
function preciseLn(x: number): Sum {
  const { mantissa, exponent } = splitBinary(x);
  const numerator = mantissa - 1;
  const denominator = mantissa + 1;
  const lost = mantissa - (denominator - 1);
  const s = numerator / denominator;
  const product = twoProduct(s, denominator);
  const rest = (numerator - product.high - product.low - s * lost) / denominator;
  const square = twoProduct(s, s);
  const cube = twoProduct(s, square.high);
  const cubeTerm = cube.high / 1.5;
  const cubeTermRest = (cube.high - cubeTerm - cubeTerm / 2 + cube.low + s * square.low) / 1.5;
  const tail =
    s * square.high * square.high * horner(LN_TERMS, square.high) +
    cubeTermRest +
    2 * rest * (1 + square.high);
  const first = quickSum(exponent * LN2_HIGH, 2 * s);
  const second = quickSum(first.high, cubeTerm);
  return quickSum(second.high, second.low + (first.low + (tail + exponent * LN2_LOW)));
}

/** e^(high + low) with |low| far below |high|: high = k·ln 2 + r, Taylor in r. */
function preciseExp(high: number, low: number): number {
  if (high > 710) return Infinity;
  if (high < -746) return 0;
  const k = Math.round(high * LOG2_E);
  const coarse = high - k * LN2_HIGH;
  const fine = low - k * LN2_LOW;
  const r = coarse + fine;
  const rounding = coarse - r + fine;
  const first = quickSum(1, r);
  return scaleBinary(first.high + (first.low + (r * r * horner(EXP_TERMS, r) + rounding)), k);
}

/** sin(x + quarters·π/2). */
function sineOfQuarter(x: number, quarters: number): number {
  if (!Number.isFinite(x)) return Number.NaN;
  if (Math.abs(x) > MAX_ANGLE) {
    throw new EspalierError(
      'invalid_argument',
      `angle ${String(x)} is beyond ±${String(MAX_ANGLE)}; reduce it first`,
    );
  }
  const k = Math.round(x / HALF_PI);
  const first = x - k * HALF_PI_HIGH;
  const second = first - k * HALF_PI_MIDDLE;
  const fine = first - second - k * HALF_PI_MIDDLE - k * HALF_PI_LOW;
  const r = second + fine;
  const rounding = second - r + fine;
  const quarter = (((k + quarters) % 4) + 4) % 4;
  const value = quarter % 2 === 0 ? smallSin(r, rounding) : smallCos(r, rounding);
  return quarter < 2 ? value : -value;
}

/** sin(r + rounding) for |r| ≤ π/4. */
function smallSin(r: number, rounding: number): number {
  const square = -r * r;
  return r + (r * square * horner(SIN_TERMS, square) + rounding * (1 + square / 2));
}

/** cos(r + rounding) for |r| ≤ π/4. */
function smallCos(r: number, rounding: number): number {
  const square = r * r;
  const half = square / 2;
  const first = 1 - half;
  const lost = 1 - first - half;
  return first + (lost + square * square * horner(COS_TERMS, -square) - r * rounding);
}

function negativePow(base: number, exponent: number): number {
  const size = pow(-base, exponent);
  if (!Number.isFinite(exponent) || exponent % 2 === 0) return size;
  return Number.isInteger(exponent) ? -size : base === -Infinity ? size : Number.NaN;
}

function infinitePow(base: number, exponent: number): number {
  if (base === 1) return Number.NaN;
  return base > 1 === exponent > 0 ? Infinity : 0;
}

/** Polynomial with the given coefficients, lowest power first. */
function horner(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) value = value * x + coefficients[i]!;
  return value;
}

/** 1/first!, 1/(first + step)!, … */
function reciprocalFactorials(first: number, step: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => {
    let factorial = 1;
    for (let n = 2; n <= first + i * step; n++) factorial *= n;
    return 1 / factorial;
  });
}

/** a + b without loss, where |a| ≥ |b| or a is 0 (Dekker 1971). */
function quickSum(a: number, b: number): Sum {
  const high = a + b;
  return { high, low: b - (high - a) };
}

/** a × b without loss (Veltkamp's splitting, Dekker 1971); both below 2⁹⁹⁰. */
function twoProduct(a: number, b: number): Sum {
  const [a1, a2] = halves(a);
  const [b1, b2] = halves(b);
  const high = a * b;
  return { high, low: a1 * b1 - high + a1 * b2 + a2 * b1 + a2 * b2 };
}

/** A double as two of 26 bits. */
function halves(x: number): readonly [number, number] {
  const scaled = x * 134217729;
  const high = scaled - (scaled - x);
  return [high, x - high];
}
