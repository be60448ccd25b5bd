import type { AnswerName, ClientId, ConnectionId } from './ids.js';
import type { ErrorCode, ErrorFacts } from '../errors.js';
import type { MaskReference } from '../mask/mask-update.js';
import type { Seat } from './seat.js';
import { SeatBook } from './seat-book.js';

export type { Seat } from './seat.js';

/** Facts about a job that the coordinator's reducer needs. */
export interface CoordinatorConfig {
  readonly seed: number;
  readonly numClients: number;
  readonly clientsPerRound: number;
  readonly rounds: number;
  /** Share of a cohort that must answer, in (0, 1]. */
  readonly quorum: number;
  /** Clients choose between candidates before round 0. */
  readonly selects: boolean;
  /** There is no server test set: clients evaluate on held-out samples of their own. */
  readonly evaluatesOnClients: boolean;
  /** Clients measure the batch-norm moments of every round's model at its own weights. */
  readonly measures: boolean;
  /** Rounds that end with a mask adjustment, ascending. */
  readonly adjustmentRounds: readonly number[];
  readonly roundTimeout: number;
  readonly joinTimeout: number;
  /** Seconds a client that lost its connection is waited for. */
  readonly returnTimeout: number;
  /** Share of a cohort that must answer for the mask to change, at most 1; below it the change waits a round. */
  readonly adjustmentQuorum: number;
  /** Rounds in a row that a client leaves unanswered before it rests; 0 for never. */
  readonly restAfter: number;
  /** Refused answers in a row after which a client is excluded; 0 for never. */
  readonly refusalLimit: number;
}

/**
 * Stage of the run. Clients are asked in `moments`, `losses`, `train`, `measure` and `evaluate`; the
 * coordinator computes in `merge`, `choose`, `close` and `settle`.
 */
export type Phase = 'gather' | AskingPhase | ComputingPhase | 'finished';

/** Phases in which clients are asked for something. */
export type AskingPhase = 'moments' | 'losses' | 'train' | 'measure' | 'evaluate';

/** Phases in which the coordinator computes. */
export type ComputingPhase = 'merge' | 'choose' | 'close' | 'settle';

/** One question to a cohort. */
export interface Step {
  /** Counts up over the run; deadlines carry it, so that an old one does nothing. */
  readonly id: number;
  /** Clients asked, by partition index. */
  readonly cohort: readonly string[];
  /** Payload by client, accepted. */
  readonly answers: ReadonlyMap<ClientId, AnswerName>;
  /** Clients that reported, or were found, to be unable to answer. */
  readonly failed: ReadonlySet<string>;
  readonly deadlinePassed: boolean;
}

/** The coordinator's whole decision state. Weights are not in it: the shell keeps them by round. */
export interface CoordinatorState {
  readonly phase: Phase;
  /** The initial model and, where there is one, the pool are ready. */
  readonly prepared: boolean;
  /** The open round, from 0; `rounds` when all are done. */
  readonly round: number;
  /** Adjustments asked for so far: the counter that rotates layers and blocks. */
  readonly adjustments: number;
  /** Rounds whose adjustment lacked its quorum and is still to be made, oldest first. */
  readonly postponed: readonly number[];
  readonly seats: SeatBook;
  readonly step: Step;
  /** The run ends after the present computation. */
  readonly stopping: boolean;
  /** No new step is opened until the run is resumed; the open one goes on. */
  readonly paused: boolean;
  /** A computation is done and the step after it waits for the run to be resumed. */
  readonly held: boolean;
}

/**
 * Event that the reducer is told. Random parts (ids, tokens) are drawn by the shell and recorded in the
 * event, so a replay is exact.
 */
export type CoordinatorEvent =
  | { readonly kind: 'prepared' }
  | {
      readonly kind: 'join';
      readonly connection: ConnectionId;
      /** Used unless the return token names an older seat. */
      readonly newClientId: ClientId;
      readonly newReturnToken: string;
      readonly shownReturnToken: string | null;
      readonly part: number | null;
      readonly name: string;
      readonly samples: number;
      /** Share of the mask's active weights that its device carries; left out for all of them. */
      readonly share?: number;
    }
  | { readonly kind: 'canary'; readonly clientId: ClientId; readonly problem: string | null }
  | { readonly kind: 'lost'; readonly clientId: ClientId }
  | { readonly kind: 'left'; readonly clientId: ClientId }
  /** `loss` identifies the loss of connection whose time has run out; journals of older versions lack it. */
  | { readonly kind: 'returnTimeout'; readonly clientId: ClientId; readonly loss?: number }
  | {
      readonly kind: 'answer';
      readonly clientId: ClientId;
      readonly phase: AskingPhase;
      readonly round: number;
      readonly payload: AnswerName;
    }
  /** The contents of its answer were refused, and it was told. */
  | {
      readonly kind: 'rejected';
      readonly clientId: ClientId;
      readonly round: number;
      readonly code: ErrorCode;
    }
  | { readonly kind: 'failed'; readonly clientId: ClientId; readonly round: number; readonly code: ErrorCode }
  | { readonly kind: 'deadline'; readonly step: number }
  | { readonly kind: 'computed'; readonly phase: ComputingPhase; readonly mask: MaskReference | null }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'stop'; readonly reason: string };

/** A mask change. */
export interface Adjustment {
  /** Adjustments made before it. */
  readonly number: number;
  /** The round it was meant for, which sets its size; an earlier one when it had to wait. */
  readonly due: number;
}

/** Request that the shell must send to clients; it fills in the weights. */
export type Request =
  | { readonly kind: 'pool' }
  | { readonly kind: 'poolMoments' }
  | { readonly kind: 'measure'; readonly round: number }
  | {
      readonly kind: 'train';
      readonly round: number;
      readonly adjustment: Adjustment | null;
      readonly evaluate: boolean;
    }
  | { readonly kind: 'finish'; readonly round: number; readonly evaluate: boolean };

/** An accepted answer, in the order in which answers must be folded. */
export interface AcceptedAnswer {
  readonly clientId: ClientId;
  readonly partitionIndex: number;
  readonly payload: AnswerName;
}

/** Effect that the shell must carry out; a list of them is carried out in order. */
export type CoordinatorEffect =
  | {
      readonly kind: 'seat';
      readonly connection: ConnectionId;
      readonly seat: Seat;
      readonly returned: boolean;
    }
  | { readonly kind: 'admit'; readonly clientId: ClientId }
  | {
      readonly kind: 'refuseConnection';
      readonly connection: ConnectionId;
      readonly code: ErrorCode;
      readonly message: string;
    }
  | {
      readonly kind: 'refuse';
      readonly clientId: ClientId;
      readonly code: ErrorCode;
      readonly message: string;
      readonly facts?: ErrorFacts;
      /** The client cannot take part; its connection closes. */
      readonly fatal: boolean;
    }
  | {
      readonly kind: 'accept';
      readonly clientId: ClientId;
      readonly phase: AskingPhase;
      readonly round: number;
    }
  | { readonly kind: 'discard'; readonly payload: AnswerName }
  | { readonly kind: 'ask'; readonly clientId: ClientId; readonly request: Request }
  | { readonly kind: 'startDeadline'; readonly step: number; readonly seconds: number }
  | {
      readonly kind: 'startReturnTimer';
      readonly clientId: ClientId;
      readonly loss: number;
      readonly seconds: number;
    }
  | { readonly kind: 'note'; readonly message: string }
  | {
      readonly kind: 'compute';
      readonly phase: ComputingPhase;
      readonly round: number;
      /** By partition index. */
      readonly answers: readonly AcceptedAnswer[];
      /** Adjustment at the end of this round; null for none. */
      readonly adjustment: Adjustment | null;
    }
  | { readonly kind: 'finish'; readonly answers: readonly AcceptedAnswer[]; readonly stopped: boolean };

/** The state before anything happened, and the effects that set it going. */
export function initialCoordinatorState(config: CoordinatorConfig): {
  readonly state: CoordinatorState;
  readonly effects: readonly CoordinatorEffect[];
} {
  const step: Step = { id: 0, cohort: [], answers: new Map(), failed: new Set(), deadlinePassed: false };
  const state: CoordinatorState = {
    phase: 'gather',
    prepared: false,
    round: 0,
    adjustments: 0,
    postponed: [],
    seats: SeatBook.of(),
    step,
    stopping: false,
    paused: false,
    held: false,
  };
  return { state, effects: [{ kind: 'startDeadline', step: 0, seconds: config.joinTimeout }] };
}
