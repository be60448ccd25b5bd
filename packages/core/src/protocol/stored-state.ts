import { EspalierError } from '../errors.js';
import type { CoordinatorState, Seat, Step } from './coordinator-state.js';
import type { AnswerName, ClientId } from './ids.js';
import { SeatBook } from './seat-book.js';

/** Fields that were added later, each with its meaning in a state without it. */
const LATER = { paused: false, held: false, postponed: [] as readonly number[] };
const LATER_OF_SEATS = { absences: 0, restUntil: 0, strikes: 0, excluded: false, share: 1, losses: 0 };

type StoredSeat = Omit<Seat, keyof typeof LATER_OF_SEATS | 'expected'> &
  Partial<Pick<Seat, keyof typeof LATER_OF_SEATS | 'expected'>>;

/** {@link CoordinatorState} as plain JSON: maps and sets are lists, in their order. States of older versions lack fields. */
export interface StoredState
  extends Omit<CoordinatorState, 'seats' | 'step' | keyof typeof LATER>, Partial<typeof LATER> {
  readonly seats: readonly StoredSeat[];
  readonly step: Omit<Step, 'answers' | 'failed'> & {
    readonly answers: readonly (readonly [ClientId, AnswerName])[];
    readonly failed: readonly string[];
  };
}

/** The state as JSON text, the same text for the same state. */
export function writeState({ seats, step, ...rest }: CoordinatorState): string {
  const stored: StoredState = {
    ...rest,
    seats: [...seats.values()],
    step: { ...step, answers: [...step.answers], failed: [...step.failed] },
  };
  return JSON.stringify(stored);
}

/** The state that {@link writeState} wrote. @throws EspalierError `storage` when the text is not a state. */
export function readState(text: string): CoordinatorState {
  const { seats, step, ...rest } = parsed(text);
  return {
    ...LATER,
    ...rest,
    seats: SeatBook.of(seats.map(readSeat)),
    step: { ...step, answers: new Map(step.answers), failed: new Set(step.failed) },
  };
}

/** Reads a seat; in a state that does not record the expected clients, those not gone are expected. */
function readSeat(seat: StoredSeat): Seat {
  return { ...LATER_OF_SEATS, expected: seat.presence !== 'gone', ...seat };
}

/**
 * Only our own text arrives here, intact as far as the database knows; text that is not a state is still
 * reported.
 */
function parsed(text: string): StoredState {
  try {
    const value = JSON.parse(text) as Partial<StoredState>;
    if (value.seats && value.step && value.phase) return value as StoredState;
  } catch {
    // Falls through: damaged text and foreign text are the same mistake.
  }
  throw new EspalierError('storage', 'the snapshot of the coordinator is damaged: restore it from a backup');
}
