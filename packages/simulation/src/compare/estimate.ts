import type { CellResult } from './cell-result.js';
import type { CellKey } from './grid.js';

/** Seconds a cell takes: the mean of those of its method and density, else of its density, else of all. */
export function expectedSeconds(cell: CellKey, done: readonly CellResult[]): number | null {
  const same = done.filter(({ name, density }) => name === cell.name && density === cell.density);
  const near = done.filter(({ density }) => density === cell.density);
  const known = [same, near, done].find((each) => each.length > 0);
  return known ? known.reduce((sum, { seconds }) => sum + seconds, 0) / known.length : null;
}

/** Seconds until all those cells are done, running that many at a time; null before the first is done. */
export function secondsLeft(
  missing: readonly CellKey[],
  done: readonly CellResult[],
  parallel: number,
): number | null {
  const expected = missing.map((cell) => expectedSeconds(cell, done));
  if (expected.includes(null)) return null;
  return expected.reduce<number>((sum, seconds) => sum + (seconds ?? 0), 0) / Math.max(1, parallel);
}
