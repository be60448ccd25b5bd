/** Limits on the length of an update. */
export type ClipSpec =
  | { readonly kind: 'norm'; /** Longest Euclidean norm. */ readonly maximum: number }
  | {
      readonly kind: 'median';
      /** Times the median norm of the round's updates. */
      readonly factor: number;
    };

/** Way to combine a round's updates into one. */
export interface AggregationSpec {
  /** Name of an aggregator. */
  readonly kind: string;
  /** Weigh updates by sample count, or equally. */
  readonly weighting: 'samples' | 'equal';
  /** Null leaves updates as long as they are. */
  readonly clip: ClipSpec | null;
  /** Options that the aggregator declares. */
  readonly options: Readonly<Record<string, number>>;
}
