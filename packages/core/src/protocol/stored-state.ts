import { EspalierError } from '../errors.js';
import type { CoordinatorState, Seat, Step } from './coordinator-state.js';

/** {@link CoordinatorState} as plain JSON: maps and sets are lists, in their order. */
export interface StoredState extends Omit<CoordinatorState, 'seats' | 'step' | 'paused' | 'held'> {
  /** States written before there were pauses have neither. */
  readonly paused?: boolean;
  readonly held?: boolean;
  readonly seats: readonly Seat[];
  readonly step: Omit<Step, 'answers' | 'failed'> & {
    readonly answers: readonly (readonly [string, string])[];
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

/** The state that {@link writeState} wrote. @throws EspalierError `storage` when the text is no state. */
export function readState(text: string): CoordinatorState {
  const { seats, step, paused = false, held = false, ...rest } = parsed(text);
  return {
    ...rest,
    paused,
    held,
    seats: new Map(seats.map((seat) => [seat.clientId, seat])),
    step: { ...step, answers: new Map(step.answers), failed: new Set(step.failed) },
  };
}

/** Only our own writing comes here, whole by the database's word; what is no state at all is told all the same. */
function parsed(text: string): StoredState {
  try {
    const value = JSON.parse(text) as Partial<StoredState>;
    if (value.seats && value.step && value.phase) return value as StoredState;
  } catch {
    // Falls through: damaged text and foreign text are the same mistake.
  }
  throw new EspalierError('storage', 'the snapshot of the coordinator is damaged: restore it from a backup');
}
