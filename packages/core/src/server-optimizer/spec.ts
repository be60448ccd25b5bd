/** What the coordinator does with the one update: see `ServerOptimizer`. */
export interface ServerOptimizerSpec {
  /** Name of a server optimiser. */
  readonly kind: string;
  /** What it declares. */
  readonly options: Readonly<Record<string, number>>;
}
