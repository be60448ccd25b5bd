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
  return Float64Array.from({ length: n }, (_, i) => Math.sqrt(Math.max(TINY, covariance[i * n + i]!)));
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
    for (let j = 0; j < n; j++) scaled[i * n + j] = covariance[i * n + j]! * (scale[i]! * scale[j]!);
  }
  return { mean: mean.map((value, i) => value * scale[i]! + shift[i]!), covariance: scaled };
}

/** The sum of independent variables of equal number. */
export function sumOf(parts: readonly Distribution[]): Distribution {
  const [first, ...others] = parts;
  const mean = first?.mean.slice() ?? new Float64Array(0);
  const covariance = first?.covariance.slice() ?? new Float64Array(0);
  for (const other of others) {
    other.mean.forEach((value, i) => {
      mean[i]! += value;
    });
    other.covariance.forEach((value, i) => {
      covariance[i]! += value;
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
  const spread = deviations(source);
  const series = Array.from({ length: n }, (_, i) => seriesOf(source.mean[i]!, spread[i]!));
  const terms = series.map(({ coefficients }) => weighted(coefficients));
  const rest = series.map(({ variance }, i) => Math.sqrt(Math.max(0, variance - squares(terms[i]!))));
  const covariance = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    covariance[i * n + i] = series[i]!.variance;
    for (let j = 0; j < i; j++) {
      const rho = Math.max(-1, Math.min(1, source.covariance[i * n + j]! / (spread[i]! * spread[j]!)));
      let power = rho;
      let sum = 0;
      for (let k = 0; k < HERMITE_TERMS; k++, power *= rho) sum += terms[i]![k]! * terms[j]![k]! * power;
      const value = sum + rest[i]! * rest[j]! * power;
      covariance[i * n + j] = value;
      covariance[j * n + i] = value;
    }
  }
  return { mean: Float64Array.from(series, ({ mean }) => mean), covariance };
}

/** c_k / √k!, so that covariances are plain products. */
function weighted(coefficients: readonly number[]): Float64Array {
  let factorial = 1;
  return Float64Array.from(coefficients, (value, k) => value / Math.sqrt((factorial *= k + 1)));
}

function squares(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}
