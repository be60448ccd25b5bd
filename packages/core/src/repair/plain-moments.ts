import type { Distribution } from './distribution.js';
import type { SignalTurn } from './signals.js';

/** Moments of both networks' channels of a node's output, or null behind a join of flattened images. */
export type AnalyticSignal = Distribution | null;

/**
 * Distance of a window's maximum above the mean, in deviations: between 0 (equal pixels) and 1.03
 * (independent).
 */
const POOL_LIFT = 0.6;

/** The moments of the maximum of a window. */
export function lifted(input: Distribution): Distribution {
  const n = input.mean.length;
  const mean = input.mean.map(
    (value, i) => value + POOL_LIFT * Math.sqrt(Math.max(0, input.covariance[i * n + i] ?? 0)),
  );
  return { mean, covariance: input.covariance };
}

/** Branches are independent; the original's channels of all come first, then the changed network's. */
export function joined({ inputs, original, changed }: SignalTurn<AnalyticSignal>): AnalyticSignal {
  const parts = inputs.filter((input) => input !== null);
  const widths = original.inputWidths;
  const changedWidths = changed.inputWidths;
  const fits =
    parts.length === inputs.length &&
    parts.every(({ mean }, i) => mean.length === (widths[i] ?? 0) + (changedWidths[i] ?? 0));
  if (!fits) return null;
  const half = sum(widths);
  const n = half + sum(changedWidths);
  const mean = new Float64Array(n);
  const covariance = new Float64Array(n * n);
  let [at, changedAt] = [0, half];
  for (const [p, part] of parts.entries()) {
    const places = Array.from(part.mean.keys(), (i) =>
      i < (widths[p] ?? 0) ? at + i : changedAt + i - (widths[p] ?? 0),
    );
    for (const [i, row] of places.entries()) {
      mean[row] = part.mean[i] ?? 0;
      for (const [j, column] of places.entries())
        covariance[row * n + column] = part.covariance[i * places.length + j] ?? 0;
    }
    at += widths[p] ?? 0;
    changedAt += changedWidths[p] ?? 0;
  }
  return { mean, covariance };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
