/** What a column is given in. */
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

/** The largest unit in which the largest of those figures is at least 0.1; thousands where all are smaller. */
export function unitFor(name: string, figures: readonly number[]): Unit {
  const most = Math.max(0, ...figures);
  const [prefix, size] = PREFIXES.find(([, each]) => most >= 0.1 * each) ?? ['k', 1e3];
  return { name: `${prefix}${name}`, size };
}
