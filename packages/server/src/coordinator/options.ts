import type {
  Dataset,
  Job,
  ModelState,
  NestedPool,
  Phase,
  Mask,
  ModelGraph,
  Trainer,
  RunSummary,
} from '@espalier/core';
import type { HashMaker } from '@espalier/proto';
import type { Journal } from './journal/journal.js';
import type { RunStore } from './record/run-store.js';

/** Runs a function later; returns how to cancel it. The platform's timers, or a test's. */
export type Scheduler = (seconds: number, callback: () => void) => () => void;

/** What a line of the log is about, for programs that read it. */
export type LogFacts = Readonly<Record<string, string | number | boolean | null>>;

/** The coordinator's log. */
export interface Log {
  info(message: string, facts?: LogFacts): void;
  warn(message: string, facts?: LogFacts): void;
  error(message: string, facts?: LogFacts): void;
}

/** What happens, for a progress display. */
export type RunReport =
  | { readonly kind: 'prepared'; readonly seconds: number }
  | { readonly kind: 'selected'; readonly candidate: number; readonly losses: readonly number[] }
  | {
      readonly kind: 'round';
      readonly round: number;
      readonly accuracy: number | null;
      readonly trainLoss: number;
    };

/** Who may come in. */
export interface Admission {
  /** The id of the token whose answer over the nonce this is; null when it is no valid token's. In constant time. */
  check(nonce: Uint8Array, answer: Uint8Array): string | null;
  /** False once that token has been revoked. */
  allows(tokenId: string): boolean;
}

/** What a coordinator is made of. Everything of the platform is handed in. */
export interface CoordinatorOptions {
  readonly job: Job;
  readonly classes: readonly string[];
  /** The network; it takes the job's image shape and gives a logit per class. */
  readonly graph: ModelGraph;
  /** What pretraining begins with; null draws it by the job's seed. */
  readonly initial: ModelState | null;
  /** Candidates for clients to choose among, of that graph, in place of the method's own. */
  readonly candidates?: NestedPool | null;
  /** Pretrains, proves canaries' references and evaluates; used for one thing at a time. */
  readonly trainer: Trainer;
  /** Held out from clients, for pretraining; null for none. */
  readonly serverData: Dataset | null;
  /** Null: clients evaluate on held-out samples of their own. */
  readonly testData: Dataset | null;
  /** Training images per class that clients must leave to the coordinator. */
  readonly serverSamplesPerClass: number;
  /** Seconds that a connection may take to get a seat; for ever unless given. */
  readonly handshakeSeconds?: number;
  /** Null lets everybody in. */
  readonly admission: Admission | null;
  /** Unguessable bytes. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** SHA-256 of frames; the portable one unless given. */
  readonly hash?: HashMaker;
  readonly schedule: Scheduler;
  /** Seconds, from any origin. */
  readonly clock: () => number;
  readonly log: Log;
  readonly store: RunStore;
  /** Where the run outlives this process; it must have been opened for this job. */
  readonly journal: Journal;
  readonly onReport?: (report: RunReport) => void;
}

/** A run's end. */
export interface RunResult {
  readonly summary: RunSummary;
  readonly graph: ModelGraph;
  readonly mask: Mask;
  readonly state: ModelState;
}

/** A moment of a run. */
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
    readonly clientId: string;
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
