/** One client's difference with its weight. */
export interface WeightedUpdate {
  /** Trained minus received values, packed in mask order. */
  readonly values: Float32Array;
  /** Above 0; a sample count keeps sums exact longest. */
  readonly weight: number;
}

/**
 * Folds clients' updates into one, one at a time, so that they need not be in memory together. Updates come in the
 * order of their partition indices, so that float64 rounding is the same whoever was faster. Passes
 * `aggregatorContract`.
 */
export interface Aggregator<State> {
  /** Outward name. */
  readonly id: string;
  /** Nothing folded yet, for updates of that many values. */
  init(length: number): State;
  /**
   * The state with one more update. It may reuse the given state, which must not be used again; the update stays as
   * it was.
   * @throws EspalierError `wrong_length`; `invalid_argument` for a weight that is not above 0 and finite.
   */
  accumulate(state: State, update: WeightedUpdate): State;
  /**
   * The one update, in float64, so that it is rounded once, when it is added to the model.
   * @throws EspalierError `invalid_argument` when nothing was folded, `not_finite` when an update was not finite.
   */
  finalize(state: State): Float64Array;
}
