/** Treatment of the one update by the coordinator: see `ServerOptimizer`. */
export interface ServerOptimizerSpec {
  /** Name of a server optimiser. */
  readonly kind: string;
  /** Options that it declares. */
  readonly options: Readonly<Record<string, number>>;
}
