import { exp } from '../random/elementary.js';

const SQRT_2 = Math.sqrt(2);
const INVERSE_SQRT_2_PI = 0.3989422804014327;

/** Density of the standard normal distribution. */
export function normalDensity(x: number): number {
  return INVERSE_SQRT_2_PI * exp(-0.5 * x * x);
}

/** P(standard normal ≤ x), to 1.5e-7 (Abramowitz & Stegun 1964, 7.1.26). */
export function normalCumulative(x: number): number {
  const z = Math.abs(x) / SQRT_2;
  const t = 1 / (1 + 0.3275911 * z);
  const poly =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const half = 0.5 * poly * exp(-z * z);
  return x >= 0 ? 1 - half : half;
}

/** Terms of the expansion; one more, even term carries the remainder. */
export const HERMITE_TERMS = 5;

/**
 * Description of a function of a normal variable, from which the covariance of two such functions follows.
 */
export interface HermiteSeries {
  readonly mean: number;
  readonly variance: number;
  /** E[f(x)·He_k(x)] for k = 1 … {@link HERMITE_TERMS}. */
  readonly coefficients: readonly number[];
}

/**
 * max(x, 0) of a normal variable with that mean and deviation: mean and variance in closed form, and its Hermite
 * coefficients, by which Cov(f(x), f(y)) = Σ c_k(x) c_k(y) ρ^k / k! (Mehler 1866).
 * @param deviation above 0
 */
export function reluSeries(mean: number, deviation: number): HermiteSeries {
  const a = mean / deviation;
  const density = normalDensity(a);
  const below = normalCumulative(a);
  const first = mean * below + deviation * density;
  const second = (mean * mean + deviation * deviation) * below + mean * deviation * density;
  const coefficients = [deviation * below];
  // c_k = s · He_{k−2}(−a) · φ(a), by the polynomials' recurrence.
  let [before, now] = [0, 1];
  for (let k = 2; k <= HERMITE_TERMS; k++) {
    coefficients.push(deviation * now * density);
    [before, now] = [now, -a * now - (k - 2) * before];
  }
  return { mean: first, variance: Math.max(0, second - first * first), coefficients };
}

/** min(max(x, 0), 6) in the same way: the difference of two bends. */
export function relu6Series(mean: number, deviation: number): HermiteSeries {
  const low = reluSeries(mean, deviation);
  const high = reluSeries(mean - 6, deviation);
  const coefficients = low.coefficients.map((value, k) => value - (high.coefficients[k] ?? 0));
  // relu(x)·relu(x − 6) = relu(x − 6)² + 6·relu(x − 6).
  const squareHigh = high.variance + high.mean * high.mean;
  const squareLow = low.variance + low.mean * low.mean;
  const first = low.mean - high.mean;
  const second = squareLow + squareHigh - 2 * (squareHigh + 6 * high.mean);
  return { mean: first, variance: Math.max(0, second - first * first), coefficients };
}
