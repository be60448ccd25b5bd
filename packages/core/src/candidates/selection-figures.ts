/** Results of the candidates. */
export interface SelectionFigures {
  readonly chosen: number;
  /** Mean loss per candidate. */
  readonly losses: readonly number[];
  readonly accuracies: readonly number[];
  /** Overall density per candidate. */
  readonly densities: readonly number[];
}
