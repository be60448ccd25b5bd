import type { ClientId, Phase } from '@espalier/core/protocol';

/** The state of a run. */
export interface CoordinatorStatus {
  readonly phase: Phase;
  readonly round: number;
  readonly rounds: number;
  /** The model is there: work can be given out. */
  readonly prepared: boolean;
  /** Messages refused so far, by code. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Bytes that crossed connections so far; `up` is towards the coordinator. */
  readonly bytes: { readonly up: number; readonly down: number };
  /** Seconds that aggregating took: of the last closed round, and of all. */
  readonly aggregation: { readonly last: number; readonly total: number };
  readonly clients: readonly {
    readonly clientId: ClientId;
    readonly name: string;
    readonly partitionIndex: number;
    readonly samples: number;
    readonly presence: 'present' | 'away' | 'gone';
    readonly admitted: boolean;
    readonly answered: boolean;
    /** Left alone for a while, for it left rounds unanswered. */
    readonly resting: boolean;
    /** Answers in a row whose contents were refused. */
    readonly strikes: number;
    readonly excluded: boolean;
  }[];
}
