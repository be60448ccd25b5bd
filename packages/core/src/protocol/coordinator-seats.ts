import type { ClientId } from './ids.js';
import type {
  CoordinatorConfig,
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
  Seat,
} from './coordinator-state.js';
import { exclusionMessage } from './coordinator-attendance.js';
import { askPending, type Transition } from './coordinator-step.js';
import { gone } from './seat.js';

type ReturnTimer = Extract<CoordinatorEffect, { kind: 'startReturnTimer' }>;
type Of<K extends CoordinatorEvent['kind']> = Extract<CoordinatorEvent, { kind: K }>;

/**
 * Gives a newcomer a seat: its old one when it shows that seat's token, the seat of the part it asks for when
 * no present client holds it (a client started again without its token), else a new one at the lowest free
 * partition index.
 */
export function joinClient(
  config: CoordinatorConfig,
  state: CoordinatorState,
  event: Of<'join'>,
): Transition {
  const { samples, name, part, newClientId, newReturnToken, share = 1 } = event;
  const { seats } = state;
  const returning = seats.ofToken(event.shownReturnToken);
  const holder = seats.ofPart(part);
  const known = returning ?? holder;
  if (known?.excluded) {
    const message = exclusionMessage(known.strikes);
    return {
      state,
      effects: [{ kind: 'refuseConnection', connection: event.connection, code: 'excluded', message }],
    };
  }
  if (returning) return seat(state, event, { ...returning, samples, name, share });
  if (holder?.presence === 'present') {
    const message = `part ${holder.partitionIndex + 1} is held by ${holder.name}: choose another part, or stop that client first`;
    return {
      state,
      effects: [{ kind: 'refuseConnection', connection: event.connection, code: 'part_taken', message }],
    };
  }
  if (holder) return seat(state, event, { ...holder, samples, name, share, returnToken: newReturnToken });
  if (seats.size >= mostSeats(config)) {
    const message = `the run has ${seats.size} clients already, for a job of ${config.numClients}: come back with the return token, or ask for the part of one that has left`;
    return {
      state,
      effects: [{ kind: 'refuseConnection', connection: event.connection, code: 'part_taken', message }],
    };
  }
  const partitionIndex = part ?? seats.lowestFree;
  return seat(state, event, {
    clientId: newClientId,
    partitionIndex,
    name,
    samples,
    share,
    returnToken: newReturnToken,
    losses: 0,
    absences: 0,
    expected: false,
    restUntil: 0,
    strikes: 0,
    excluded: false,
  });
}

/**
 * Seats outlive their connections, so a client that keeps joining anew must not create them without limit.
 */
function mostSeats({ numClients }: CoordinatorConfig): number {
  return 4 * numClients + 16;
}

function seat(
  state: CoordinatorState,
  event: Of<'join'>,
  who: Omit<Seat, 'presence' | 'admitted'>,
): Transition {
  const returned = state.seats.has(who.clientId);
  const seated: Seat = { ...who, presence: 'present', admitted: false };
  return {
    state: { ...state, seats: state.seats.with(seated) },
    effects: [{ kind: 'seat', connection: event.connection, seat: seated, returned }],
  };
}

/** Admits a client whose canary was right, and gives it the work of the open step when it belongs to it. */
export function admitClient(
  config: CoordinatorConfig,
  state: CoordinatorState,
  event: Of<'canary'>,
): Transition {
  const { clientId, problem } = event;
  const known = state.seats.get(clientId);
  // Its connection may have been lost while its gradients were checked.
  if (known?.presence !== 'present') return { state, effects: [] };
  if (problem !== null) {
    const effects: CoordinatorEffect[] = [
      { kind: 'refuse', clientId, code: 'canary_failed', message: problem, fatal: true },
    ];
    return { state: withSeat(state, gone(known)), effects };
  }
  const next = withSeat(state, { ...known, admitted: true, expected: true });
  const work = askPending(config, next, clientId);
  return { state: next, effects: [{ kind: 'admit', clientId }, ...work] };
}

/** A lost connection: the client is waited for, for a while. */
export function markAway(config: CoordinatorConfig, state: CoordinatorState, clientId: ClientId): Transition {
  const known = state.seats.get(clientId);
  if (known?.presence !== 'present') return { state, effects: [] };
  const away: Seat = { ...known, presence: 'away', admitted: false, losses: known.losses + 1 };
  return { state: withSeat(state, away), effects: [returnTimer(config, away)] };
}

/** The wait for a client that is away, from now on. */
export function returnTimer({ returnTimeout }: CoordinatorConfig, { clientId, losses }: Seat): ReturnTimer {
  return { kind: 'startReturnTimer', clientId, loss: losses, seconds: returnTimeout };
}

/**
 * Marks a client that is no longer waited for: it left, or did not return in time. It may still come back.
 */
export function markGone(state: CoordinatorState, event: Of<'left'> | Of<'returnTimeout'>): Transition {
  const known = state.seats.get(event.clientId);
  if (!known || (event.kind === 'returnTimeout' && isOvertaken(known, event))) return { state, effects: [] };
  return {
    state: withSeat(state, gone(known)),
    effects: [{ kind: 'note', message: `client ${known.name} is no longer waited for` }],
  };
}

/** It is back already, or was meanwhile: the timer of an earlier loss means nothing. */
function isOvertaken({ presence, losses }: Seat, { loss = losses }: Of<'returnTimeout'>): boolean {
  return presence !== 'away' || loss !== losses;
}

function withSeat(state: CoordinatorState, changed: Seat): CoordinatorState {
  return { ...state, seats: state.seats.with(changed) };
}
