/** An option that a plug-in declares: a number, with its default in the job file. */
export interface DeclaredOption {
  readonly default: number;
  /** At least this. */
  readonly minimum: number;
  /** Below this; null for no bound. */
  readonly below: number | null;
  readonly whole: boolean;
  /** For the reference of the job file. */
  readonly meaning: string;
}

/** Options by outward name. */
export type DeclaredOptions = Readonly<Record<string, DeclaredOption>>;

/** Values of declared options. */
export type OptionValues = Readonly<Record<string, number>>;

/** Every option at its default, as for a job that leaves them all out. */
export function defaultOptions(options: DeclaredOptions): OptionValues {
  return Object.fromEntries(Object.entries(options).map(([name, option]) => [name, option.default]));
}
