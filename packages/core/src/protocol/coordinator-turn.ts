import type { ClientId } from './ids.js';
import type { ErrorCode } from '../errors.js';
import type { AskingPhase, CoordinatorState } from './coordinator-state.js';
import { isAsking } from './coordinator-step.js';

/** Why an answer is not in turn. */
export interface TurnRefusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/** An answer before its contents are looked at. */
export interface Turn {
  readonly clientId: ClientId;
  readonly phase: AskingPhase;
  readonly round: number;
}

/**
 * The one place for round matching: an answer's round must equal the open round (earlier is `late`, later
 * `ahead`), its step must be the open one, and its client must be of the cohort and not have answered. Null
 * when all of this is true.
 */
export function checkTurn(state: CoordinatorState, { clientId, phase, round }: Turn): TurnRefusal | null {
  if (round < state.round) {
    return refusal(
      'late',
      `round ${round} is closed, the open round is ${state.round}: drop the answer and wait for work`,
    );
  }
  if (round > state.round) {
    return refusal(
      'ahead',
      `round ${round} is not open yet, the open round is ${state.round}: wait for its work`,
    );
  }
  if (state.step.answers.has(clientId) && concerns(state, phase)) {
    return refusal('duplicate', `round ${round} has this client's ${phase} already: the first one counts`);
  }
  if (!isAsking(state.phase) || state.phase !== phase) {
    return refusal(
      'late',
      `${phase} of round ${round} is not asked for now (${state.phase}): drop the answer`,
    );
  }
  if (!state.step.cohort.includes(clientId)) {
    return refusal('not_expected', `this client was not asked in round ${round}: wait for work`);
  }
  return null;
}

const AFTER: Readonly<Record<AskingPhase, string>> = {
  moments: 'merge',
  losses: 'choose',
  train: 'close',
  measure: 'settle',
  evaluate: 'finished',
};

/** The stored answers are of that phase: it is open, or just closed and being computed on. */
function concerns(state: CoordinatorState, phase: AskingPhase): boolean {
  return state.phase === phase || state.phase === AFTER[phase];
}

function refusal(code: ErrorCode, message: string): TurnRefusal {
  return { code, message };
}
