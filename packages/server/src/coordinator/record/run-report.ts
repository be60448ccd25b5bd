/** Event of a run, for a progress display. */
export type RunReport =
  | { readonly kind: 'prepared'; readonly seconds: number }
  | { readonly kind: 'selected'; readonly candidate: number; readonly losses: readonly number[] }
  | {
      readonly kind: 'round';
      readonly round: number;
      readonly accuracy: number | null;
      readonly trainLoss: number;
    };
