/** Origin of the first mask. */
export type InitialMask =
  /** Every weight stays. */
  | 'dense'
  /** `mask.criterion` scores the pretrained weights once, `mask.allocation` spreads the density. */
  | 'criterion'
  /** A pool of candidates, one of which is chosen (FedTiny's coarse pruning). */
  | 'candidatePool';

/** A composition of parts by name. Behaviour follows from the parts, never from the name. */
export interface Method {
  readonly name: string;
  /** One sentence for users, citing the paper. */
  readonly summary: string;
  readonly initialMask: InitialMask;
  /** Id of the only criterion allowed for the first mask; null if the job chooses, or has none. */
  readonly criterion: string | null;
  /** Id of the rule by which the mask changes on adjustment rounds; null for a mask that stays. */
  readonly maskRule: string | null;
  /** `narrow` trains a narrower network of as many weights as the job's network keeps at its density, all of them. */
  readonly network: 'given' | 'narrow';
  /**
   * Keys of the job file that the method sets unless the file does: the paper's values, or ones that measured
   * better.
   */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Keys that `preset: published` sets over the defaults; absent where the defaults are the paper's already. */
  readonly published?: Readonly<Record<string, unknown>>;
  /** Deviations from the published method, one sentence each; empty if there are none. */
  readonly departures: readonly string[];
}

/** True for a method that keeps every weight, so that its only density is 1. */
export function trainsDensely({ initialMask, maskRule, network }: Method): boolean {
  return initialMask === 'dense' && maskRule === null && network === 'given';
}
