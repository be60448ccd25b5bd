import type { CellResult } from './cell-result.js';
import type { CellKey } from './grid.js';

/** Mean and spread of a figure over seeds. */
export interface Spread {
  readonly mean: number;
  /** Sample standard deviation; 0 for one value. */
  readonly deviation: number;
  readonly count: number;
}

/** Mean and sample standard deviation; null without a value. */
export function spreadOf(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value) => value !== null);
  const count = known.length;
  if (count === 0) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / count;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: count === 1 ? 0 : Math.sqrt(squares / (count - 1)), count };
}

/** All seeds of one row of the table. */
export interface ResultGroup extends Omit<CellKey, 'seed'> {
  /** Ascending by seed. */
  readonly results: readonly CellResult[];
}

/** A figure of the second row less that of the first, by the seeds that both have it for. */
export function seedDifferences(
  first: ResultGroup,
  second: ResultGroup,
  pick: (result: CellResult) => number | null,
): ReadonlyMap<number, number> {
  const base = new Map(first.results.map((result) => [result.seed, pick(result)]));
  return new Map(
    second.results.flatMap((result) => {
      const [from, to] = [base.get(result.seed) ?? null, pick(result)];
      return from === null || to === null ? [] : [[result.seed, to - from]];
    }),
  );
}

/** The same as a spread over the seeds; null where there is none. */
export function pairedDifference(...rows: Parameters<typeof seedDifferences>): Spread | null {
  return spreadOf([...seedDifferences(...rows).values()]);
}

/** Two-sided 95 % quantiles of Student's t for 1, 2, 3 … degrees of freedom; the last serves for all above. */
const STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228] as const;

/** True where a difference's 95 % interval, by Student's t, leaves out 0; a single seed tells nothing. */
export function toldApart(difference: Spread | null): boolean {
  if (difference === null || difference.count < 2) return false;
  const { mean, deviation, count } = difference;
  const quantile = STUDENT[Math.min(count - 1, STUDENT.length) - 1]!;
  return Math.abs(mean) > (quantile * deviation) / Math.sqrt(count);
}

/** Results by method, density and partition, in the order of `keys`; rows without a result are left out. */
export function groupResults(
  results: readonly CellResult[],
  keys: readonly CellKey[],
): readonly ResultGroup[] {
  const rows = new Map(keys.map((key) => [rowId(key), key]));
  return [...rows].flatMap(([id, { name, density, partition }]) => {
    const found = results.filter((result) => rowId(result) === id).sort((a, b) => a.seed - b.seed);
    return found.length === 0 ? [] : [{ name, density, partition, results: found }];
  });
}

function rowId({ name, density, partition }: Omit<CellKey, 'seed'>): string {
  return JSON.stringify([name, density, partition]);
}
