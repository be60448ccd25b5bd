import { unreachable, type ErrorCode } from '../errors.js';
import {
  MAX_ATTEMPTS,
  type ClientEffect,
  type ClientEvent,
  type ClientOutcome,
  type ClientState,
  type ClientTask,
} from './client-state.js';
import { PROTOCOL_VERSION, type ServerMessage } from './messages.js';
import { toldToPeer } from './told-to-peer.js';

type Of<K extends ClientEvent['kind']> = Extract<ClientEvent, { kind: K }>;
type Received<K extends ServerMessage['kind']> = Extract<ServerMessage, { kind: K }>;

/** A new state with the effects to carry out. */
export interface ClientTransition {
  readonly state: ClientState;
  readonly effects: readonly ClientEffect[];
}

/** The client's side of the protocol: `(state, event) → (state, effects)`. Pure, and never throws. */
export function reduceClient(state: ClientState, event: ClientEvent): ClientTransition {
  if (state.phase === 'ended') return { state, effects: [] };
  switch (event.kind) {
    case 'opened':
      return { state: { ...state, phase: 'greeting', challenge: null, dismissal: null }, effects: [] };
    case 'closed':
      return onClosed(state, event);
    case 'received':
      return onReceived(state, event.message);
    case 'dataReady':
      return joinWhenReady({ ...state, dataReady: true });
    case 'dataFailed':
      return endOver(state, event);
    case 'taskDone':
      return onTaskDone(state, event);
    case 'taskFailed':
      return onTaskFailed(state, event);
    case 'stop':
      return end(state, { kind: 'stopped' }, event.reason);
    default:
      return unreachable(event);
  }
}

/** Causes that may have disappeared by the next try; any other would only recur. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'connection_lost',
  'transfer_corrupt',
  'frame_too_large',
  'internal',
]);

/**
 * True when trying again may help: a client with a seat is expected back, so it may find room later; a
 * newcomer gives up.
 */
function isPassing({ identity }: ClientState, code: ErrorCode): boolean {
  return PASSING.has(code) || (code === 'limit_exceeded' && identity !== null);
}

function onClosed(state: ClientState, { reason, code = 'connection_lost' }: Of<'closed'>): ClientTransition {
  if (!isPassing(state, code)) return end(state, { kind: 'failed', code, message: reason }, null);
  const attempts = state.attempts + 1;
  if (attempts >= MAX_ATTEMPTS) return end(state, givenUp(state, { reason, code }, attempts), null);
  const delaySeconds = Math.min(15, 0.25 * 2 ** (attempts - 1));
  return {
    // A task goes on without a connection: its answer is sent when the coordinator asks again.
    state: { ...state, phase: 'connecting', challenge: null, attempts, dismissal: null },
    effects: [
      { kind: 'note', message: `not connected (${reason}); trying again in ${delaySeconds} s` },
      { kind: 'connect', delaySeconds },
    ],
  };
}

/**
 * The last message decides: a client that was turned away must not be told that the coordinator is missing.
 */
function givenUp(
  { dismissal }: ClientState,
  { reason, code }: { readonly reason: string; readonly code: ErrorCode },
  attempts: number,
): ClientOutcome {
  const told = code === 'connection_lost' ? dismissal : { code, message: reason };
  if (told) {
    return { kind: 'failed', code: told.code, message: `${told.message} (given up after ${attempts} tries)` };
  }
  const message = `the coordinator cannot be reached (${reason}) after ${attempts} tries: check its address, and that it runs`;
  return { kind: 'failed', code, message };
}

function onReceived(state: ClientState, message: ServerMessage): ClientTransition {
  switch (message.kind) {
    case 'challenge':
      return onChallenge(state, message);
    case 'welcome':
      return onWelcome(state, message);
    case 'admitted':
      return { state: { ...state, phase: 'admitted', attempts: 0 }, effects: [] };
    case 'refused':
      return onRefused(state, message);
    case 'pool':
      return ask(state, { kind: 'moments', message });
    case 'poolMoments':
      return ask(state, { kind: 'losses', message });
    case 'measure':
      return ask(state, { kind: 'measure', message });
    case 'train':
      return ask(state, { kind: 'train', message });
    case 'accepted':
      return { state: { ...state, lastAnswer: null }, effects: [] };
    case 'finish':
      if (message.evaluate) return ask(state, { kind: 'evaluate', message });
      return end(state, { kind: 'finished' }, null);
    default:
      return unreachable(message);
  }
}

function onChallenge(state: ClientState, challenge: Received<'challenge'>): ClientTransition {
  const { protocolVersion, job } = challenge;
  if (protocolVersion !== PROTOCOL_VERSION) {
    const message = `the coordinator speaks protocol ${protocolVersion}, this client ${PROTOCOL_VERSION}: install the same version on both`;
    return end(state, { kind: 'failed', code: 'protocol_version', message }, message);
  }
  const next: ClientState = { ...state, challenge, job };
  if (state.job === null) return { state: next, effects: [{ kind: 'loadData', job }] };
  return joinWhenReady(next);
}

function joinWhenReady(state: ClientState): ClientTransition {
  const { challenge, dataReady, identity } = state;
  if (!dataReady || challenge === null) return { state, effects: [] };
  return {
    state: { ...state, phase: 'joining', challenge: null },
    effects: [{ kind: 'join', challenge, returnToken: identity?.returnToken ?? null }],
  };
}

function onWelcome(state: ClientState, message: Received<'welcome'>): ClientTransition {
  const { clientId, returnToken, partitionIndex } = message;
  const identity = { clientId, returnToken, partitionIndex };
  const next: ClientState = { ...state, phase: 'proving', identity };
  if (state.canaryAnswer) return { state: next, effects: [{ kind: 'send', message: state.canaryAnswer }] };
  if (state.running?.key === 'canary') return { state: next, effects: [] };
  return start(next, { kind: 'canary', message });
}

/**
 * A refused answer is dropped. The consequence depends on the reason: work for a closed round is abandoned,
 * and a client that lost track of the mask asks for it; all other work continues.
 */
function onRefused(
  state: ClientState,
  { code, message, facts, fatal }: Received<'refused'>,
): ClientTransition {
  // The coordinator closes the connection, which is met with the usual back-off.
  if (fatal && code === 'limit_exceeded') {
    return { state: { ...state, dismissal: { code, message } }, effects: [{ kind: 'note', message }] };
  }
  if (fatal) return end(state, { kind: 'failed', code, message }, null);
  const next: ClientState = { ...state, lastAnswer: null };
  const note: ClientEffect = {
    kind: 'note',
    message: `the coordinator refused an answer: [${code}] ${message}`,
  };
  const { running } = state;
  const isStale = code === 'late' && running !== null && roundOf(running.task) < Number(facts['openRound']);
  if (isStale) {
    return { state: { ...next, running: null }, effects: [note, { kind: 'cancel', id: running.id }] };
  }
  if (code !== 'mask_mismatch') return { state: next, effects: [note] };
  const round = Number(facts['round'] ?? 0);
  return { state: next, effects: [note, { kind: 'send', message: { kind: 'requestMask', round } }] };
}

/** The round that a task is of; those of the selection and the canary belong to none and never get stale. */
function roundOf({ message }: ClientTask): number {
  return isOfRound(message) ? message.round : Infinity;
}

function isOfRound(message: ClientTask['message']): message is Received<'measure' | 'train' | 'finish'> {
  return message.kind === 'measure' || message.kind === 'train' || message.kind === 'finish';
}

/**
 * Handles a request: answers it from memory, ignores it if it is being worked on, otherwise starts it in
 * place of anything older.
 */
function ask(state: ClientState, task: ClientTask): ClientTransition {
  const key = taskKey(task);
  // Statistics may have been merged again since, so losses are always computed for the latest ones.
  const repeats = task.kind !== 'losses';
  if (repeats && state.lastAnswer?.key === key) {
    return { state, effects: [{ kind: 'send', message: state.lastAnswer.message }] };
  }
  if (repeats && state.running?.key === key) return { state, effects: [] };
  return start(state, task);
}

function start(state: ClientState, task: ClientTask): ClientTransition {
  const id = state.tasks + 1;
  const cancelled: readonly ClientEffect[] = state.running ? [{ kind: 'cancel', id: state.running.id }] : [];
  return {
    state: { ...state, tasks: id, running: { id, key: taskKey(task), task } },
    effects: [...cancelled, { kind: 'run', id, task }],
  };
}

/** The same question after a reconnect has the same key; canaries belong to one connection. */
function taskKey({ kind, message }: ClientTask): string {
  if (!isOfRound(message)) return kind;
  return `${kind} ${message.round} ${message.model.mask.hash}`;
}

function onTaskDone(state: ClientState, { id, answer }: Of<'taskDone'>): ClientTransition {
  if (state.running?.id !== id) return { state, effects: [] };
  const { key, task } = state.running;
  if (task.kind === 'canary') {
    const proven: ClientState = { ...state, running: null, canaryAnswer: answer };
    return { state: proven, effects: state.phase === 'proving' ? [{ kind: 'send', message: answer }] : [] };
  }
  const next: ClientState = { ...state, running: null, lastAnswer: { key, message: answer } };
  if (state.phase !== 'admitted') return { state: next, effects: [] };
  const sent: readonly ClientEffect[] = [{ kind: 'send', message: answer }];
  if (task.kind !== 'evaluate') return { state: next, effects: sent };
  return {
    state: { ...next, phase: 'ended' },
    effects: [...sent, { kind: 'end', outcome: { kind: 'finished' } }],
  };
}

function onTaskFailed(state: ClientState, event: Of<'taskFailed'>): ClientTransition {
  if (state.running?.id !== event.id) return { state, effects: [] };
  const { task } = state.running;
  const next: ClientState = { ...state, running: null };
  const { code, message } = event;
  if (task.kind === 'canary') return endOver(next, event);
  if (state.phase !== 'admitted') return { state: next, effects: [] };
  const round = isOfRound(task.message) ? task.message.round : 0;
  const asksMask = code === 'mask_mismatch';
  return {
    state: next,
    effects: [
      { kind: 'note', message: `${task.kind} failed: [${code}] ${message}` },
      {
        kind: 'send',
        message: asksMask
          ? { kind: 'requestMask', round }
          : { kind: 'failed', round, code, message: toldToPeer('client', event).message },
      },
    ],
  };
}

/**
 * Ends because of an error: the user of the client sees all of it, the coordinator only the part a peer may
 * see.
 */
function endOver(state: ClientState, error: Of<'dataFailed'> | Of<'taskFailed'>): ClientTransition {
  const { code, message } = error;
  return end(state, { kind: 'failed', code, message }, toldToPeer('client', error).message);
}

/** Ends for good; a reason on the client's side is reported to the coordinator. */
function end(state: ClientState, outcome: ClientOutcome, farewell: string | null): ClientTransition {
  const connected = state.phase !== 'connecting';
  const leave: readonly ClientEffect[] =
    farewell !== null && connected ? [{ kind: 'send', message: { kind: 'leave', reason: farewell } }] : [];
  const cancelled: readonly ClientEffect[] = state.running ? [{ kind: 'cancel', id: state.running.id }] : [];
  return {
    state: { ...state, phase: 'ended', running: null },
    effects: [...cancelled, ...leave, { kind: 'end', outcome }],
  };
}
