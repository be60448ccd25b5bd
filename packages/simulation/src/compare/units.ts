/** Unit of a column. */
export interface Unit {
  /** With its prefix: `TMACs`. */
  readonly name: string;
  readonly size: number;
}

const PREFIXES: readonly (readonly [string, number])[] = [
  ['T', 1e12],
  ['G', 1e9],
  ['M', 1e6],
  ['k', 1e3],
];

/**
 * The largest unit in which the smallest of those figures is at least 0.1, so that two decimals tell every row from the
 * next; figures of 0 are passed over. Thousands where that is too large.
 */
export function unitFor(name: string, figures: readonly number[]): Unit {
  const known = figures.filter((figure) => figure > 0);
  const least = known.length === 0 ? 0 : Math.min(...known);
  const [prefix, size] = PREFIXES.find(([, each]) => least >= 0.1 * each) ?? ['k', 1e3];
  return { name: `${prefix}${name}`, size };
}
