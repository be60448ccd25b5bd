import type { ClientId } from './ids.js';
import type { ErrorCode } from '../errors.js';
import type {
  CoordinatorConfig,
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
  Seat,
} from './coordinator-state.js';
import { gone } from './seat.js';

type Of<K extends CoordinatorEvent['kind']> = Extract<CoordinatorEvent, { kind: K }>;

/** A new state with the effects to carry out. */
interface Change {
  readonly state: CoordinatorState;
  readonly effects: readonly CoordinatorEffect[];
}

/** Longest rest in rounds: a device that is back for good is asked again before long. */
const LONGEST_REST = 32;

/**
 * Refusals that are not the client's fault: it lost track, was asked twice, or the line or the coordinator is
 * at fault.
 */
const BLAMELESS: ReadonlySet<ErrorCode> = new Set([
  'mask_mismatch',
  'duplicate',
  'transfer_corrupt',
  'frame_too_large',
  'storage',
  'internal',
]);

/** True while the open round leaves that client out because it left too many earlier rounds unanswered. */
export function isResting({ round }: CoordinatorState, seat: Seat): boolean {
  return round < seat.restUntil;
}

/**
 * Records attendance when a round closes. A client that answered starts again from 0; one that was asked and
 * did not answer has one more absence, and from `restAfter` in a row rests for 1 round, then 2, 4, … up to
 * 32. A client that reported that it cannot answer keeps its count.
 */
export function markAttendance(config: CoordinatorConfig, state: CoordinatorState): Change {
  const { cohort, answers, failed } = state.step;
  let { seats } = state;
  const effects: CoordinatorEffect[] = [];
  for (const clientId of cohort) {
    const seat = seats.get(clientId);
    if (!seat || failed.has(clientId)) continue;
    if (answers.has(clientId)) {
      // To measure is not yet to train: only the round's own answer clears the slate.
      if (state.phase !== 'train') continue;
      if (seat.absences > 0 || seat.restUntil > 0) seats = seats.with({ ...seat, absences: 0, restUntil: 0 });
      continue;
    }
    const absent = withAbsence(config, state, seat);
    seats = seats.with(absent);
    if (absent.restUntil > seat.restUntil) {
      const message = `client ${seat.name} left ${absent.absences} rounds unanswered: it rests until round ${absent.restUntil}`;
      effects.push({ kind: 'note', message });
    }
  }
  return { state: { ...state, seats }, effects };
}

function withAbsence({ restAfter }: CoordinatorConfig, { round }: CoordinatorState, seat: Seat): Seat {
  const absences = seat.absences + 1;
  const over = absences - restAfter;
  if (restAfter === 0 || over < 0) return { ...seat, absences };
  const rest = Math.min(LONGEST_REST, 2 ** Math.min(over, 5));
  return { ...seat, absences, restUntil: round + 1 + rest };
}

/** Clears a client's refusals after an accepted answer. */
export function forgive(state: CoordinatorState, clientId: ClientId): CoordinatorState {
  const seat = state.seats.get(clientId);
  if (!seat || seat.strikes === 0) return state;
  return { ...state, seats: state.seats.with({ ...seat, strikes: 0 }) };
}

/**
 * Records an answer whose contents were refused. After `refusalLimit` in a row the client is excluded: it is
 * told, no longer waited for, and turned away when it comes back.
 */
export function strike(
  { refusalLimit }: CoordinatorConfig,
  state: CoordinatorState,
  { clientId, code }: Of<'rejected'>,
): Change {
  const seat = state.seats.get(clientId);
  if (!seat || BLAMELESS.has(code)) return { state, effects: [] };
  const strikes = seat.strikes + 1;
  const excluded = refusalLimit > 0 && strikes >= refusalLimit;
  const struck: Seat = excluded ? { ...gone(seat), strikes, excluded } : { ...seat, strikes };
  const next = { ...state, seats: state.seats.with(struck) };
  return { state: next, effects: excluded ? expulsion(struck) : [] };
}

function expulsion({ clientId, name, partitionIndex, strikes }: Seat): readonly CoordinatorEffect[] {
  return [
    {
      kind: 'note',
      message: `client ${name} (part ${partitionIndex + 1}) is excluded: ${strikes} answers in a row were refused`,
    },
    { kind: 'refuse', clientId, code: 'excluded', message: exclusionMessage(strikes), fatal: true },
  ];
}

/** Message for an excluded client, sent at once and whenever it comes back. */
export function exclusionMessage(strikes: number): string {
  return `${strikes} answers of this client in a row were refused: it takes no further part in this run`;
}
