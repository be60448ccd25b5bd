import { HERMITE_TERMS, type HermiteSeries } from './gaussian.js';

/** Means and covariances of some variables. */
export interface Distribution {
  readonly mean: Float64Array;
  /** Row-major, symmetric, `mean.length` squared. */
  readonly covariance: Float64Array;
}

/** Below this a variable counts as constant. */
const TINY = 1e-12;

/** Standard deviations, at least a tiny one. */
export function deviations({ mean, covariance }: Distribution): Float64Array {
  const n = mean.length;
  return Float64Array.from({ length: n }, (_, i) => Math.sqrt(Math.max(TINY, covariance[i * n + i] ?? 0)));
}

/** a·x + b per variable. */
export function affine(
  { mean, covariance }: Distribution,
  scale: ArrayLike<number>,
  shift: ArrayLike<number>,
): Distribution {
  const n = mean.length;
  const scaled = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++)
      scaled[i * n + j] = (covariance[i * n + j] ?? 0) * ((scale[i] ?? 0) * (scale[j] ?? 0));
  }
  return { mean: mean.map((value, i) => value * (scale[i] ?? 0) + (shift[i] ?? 0)), covariance: scaled };
}

/** The sum of independent variables of equal number. */
export function sumOf(parts: readonly Distribution[]): Distribution {
  const [first, ...others] = parts;
  const mean = first?.mean.slice() ?? new Float64Array(0);
  const covariance = first?.covariance.slice() ?? new Float64Array(0);
  for (const other of others) {
    other.mean.forEach((value, i) => {
      mean[i] = (mean[i] ?? 0) + value;
    });
    other.covariance.forEach((value, i) => {
      covariance[i] = (covariance[i] ?? 0) + value;
    });
  }
  return { mean, covariance };
}

/** An element-wise function of jointly normal variables, by its series per variable. */
export function transformed(
  source: Distribution,
  seriesOf: (mean: number, deviation: number) => HermiteSeries,
): Distribution {
  const n = source.mean.length;
  const variables = Array.from(deviations(source), (deviation, i) =>
    variableOf(seriesOf(source.mean[i] ?? 0, deviation), deviation),
  );
  const covariance = new Float64Array(n * n);
  for (const [i, own] of variables.entries()) {
    covariance[i * n + i] = own.variance;
    for (const [j, other] of variables.slice(0, i).entries()) {
      const value = covarianceOf(own, other, source.covariance[i * n + j] ?? 0);
      covariance[i * n + j] = value;
      covariance[j * n + i] = value;
    }
  }
  return { mean: Float64Array.from(variables, ({ mean }) => mean), covariance };
}

/** One variable after its function was applied. */
interface Variable {
  readonly mean: number;
  readonly variance: number;
  /** Standard deviation of the variable itself. */
  readonly deviation: number;
  readonly terms: Float64Array;
  /** Part of the deviation that the terms do not explain. */
  readonly rest: number;
}

function variableOf({ mean, variance, coefficients }: HermiteSeries, deviation: number): Variable {
  const terms = weighted(coefficients);
  return { mean, variance, deviation, terms, rest: Math.sqrt(Math.max(0, variance - squares(terms))) };
}

/** Covariance of two functions whose variables have that covariance. */
function covarianceOf(a: Variable, b: Variable, covariance: number): number {
  const rho = Math.max(-1, Math.min(1, covariance / (a.deviation * b.deviation)));
  let power = rho;
  let sum = 0;
  for (let k = 0; k < HERMITE_TERMS; k++, power *= rho) sum += (a.terms[k] ?? 0) * (b.terms[k] ?? 0) * power;
  return sum + a.rest * b.rest * power;
}

/** c_k / √k!, so that covariances are plain products. */
function weighted(coefficients: readonly number[]): Float64Array {
  let factorial = 1;
  return Float64Array.from(coefficients, (value, k) => value / Math.sqrt((factorial *= k + 1)));
}

function squares(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}
