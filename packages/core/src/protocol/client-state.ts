import type { ClientId } from './ids.js';
import type { ErrorCode } from '../errors.js';
import type { ClientJob, ClientMessage, ServerMessage } from './messages.js';

type Received<K extends ServerMessage['kind']> = Extract<ServerMessage, { kind: K }>;

/** Work a client does between two messages. */
export type ClientTask =
  | { readonly kind: 'canary'; readonly message: Received<'welcome'> }
  | { readonly kind: 'moments'; readonly message: Received<'pool'> }
  | { readonly kind: 'losses'; readonly message: Received<'poolMoments'> }
  | { readonly kind: 'measure'; readonly message: Received<'measure'> }
  | { readonly kind: 'train'; readonly message: Received<'train'> }
  | { readonly kind: 'evaluate'; readonly message: Received<'finish'> };

/** Relation of the client to its coordinator. */
export type ClientPhase =
  /** No connection; one is being made, or waited for. */
  | 'connecting'
  /** Connected; the challenge has not arrived, or the data are being read. */
  | 'greeting'
  /** Has asked to join. */
  | 'joining'
  /** Has a seat; proves its backend on the canary. */
  | 'proving'
  /** Takes part. */
  | 'admitted'
  | 'ended';

/** One task under way. */
export interface RunningTask {
  readonly id: number;
  /** The same question has the same key, also after a reconnect. */
  readonly key: string;
  readonly task: ClientTask;
}

/** Way in which the client's run ended. */
export type ClientOutcome =
  | { readonly kind: 'finished' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

/** Identity of the client for the coordinator; it outlives connections. */
export interface ClientIdentity {
  readonly clientId: ClientId;
  readonly returnToken: string;
  readonly partitionIndex: number;
}

/** A message from the coordinator, or an error in one of its messages. */
export interface Dismissal {
  readonly code: ErrorCode;
  readonly message: string;
}

/** The client's whole decision state. */
export interface ClientState {
  readonly phase: ClientPhase;
  readonly identity: ClientIdentity | null;
  /** The job of the last challenge; its data are kept over connections. */
  readonly job: ClientJob | null;
  readonly dataReady: boolean;
  /** The present connection's challenge, until answered. */
  readonly challenge: Received<'challenge'> | null;
  readonly running: RunningTask | null;
  readonly tasks: number;
  /** Kept until accepted, so that work is not done twice when the connection is lost under it. */
  readonly lastAnswer: { readonly key: string; readonly message: ClientMessage } | null;
  /** Its gradients on the canary: the canary is the same on every connection, and a running task is not disturbed. */
  readonly canaryAnswer: ClientMessage | null;
  /** Failed attempts to connect since the last admission. */
  readonly attempts: number;
  /** Message by which the coordinator sent the client away for a while, on the present connection. */
  readonly dismissal: Dismissal | null;
}

/** Event that the client's reducer is told. */
export type ClientEvent =
  | { readonly kind: 'opened' }
  /** No connection was made, or the connection was lost; with a code if the cause is not the line itself. */
  | { readonly kind: 'closed'; readonly reason: string; readonly code?: ErrorCode }
  | { readonly kind: 'received'; readonly message: ServerMessage }
  | { readonly kind: 'dataReady' }
  | { readonly kind: 'dataFailed'; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'taskDone'; readonly id: number; readonly answer: ClientMessage }
  | { readonly kind: 'taskFailed'; readonly id: number; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: 'stop'; readonly reason: string };

/** Effect that the shell must carry out; a list of them is carried out in order. */
export type ClientEffect =
  | { readonly kind: 'connect'; readonly delaySeconds: number }
  | { readonly kind: 'loadData'; readonly job: ClientJob }
  /** Build and send the join message for this challenge. */
  | { readonly kind: 'join'; readonly challenge: Received<'challenge'>; readonly returnToken: string | null }
  | { readonly kind: 'send'; readonly message: ClientMessage }
  | { readonly kind: 'run'; readonly id: number; readonly task: ClientTask }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'note'; readonly message: string }
  | { readonly kind: 'end'; readonly outcome: ClientOutcome };

/** Connections in a row that may fail before a client gives up: one and a half minutes, for a restart or a late start. */
export const MAX_ATTEMPTS = 12;

/** Before anything happened. */
export const initialClientState: ClientState = {
  phase: 'connecting',
  identity: null,
  job: null,
  dataReady: false,
  challenge: null,
  running: null,
  tasks: 0,
  lastAnswer: null,
  canaryAnswer: null,
  attempts: 0,
  dismissal: null,
};
