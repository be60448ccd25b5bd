import { unreachable } from '../errors.js';
import type {
  AskingPhase,
  ComputingPhase,
  CoordinatorConfig,
  CoordinatorEffect,
  CoordinatorEvent,
  CoordinatorState,
} from './coordinator-state.js';
import { forgive, markAttendance, strike } from './coordinator-attendance.js';
import {
  adjustmentMade,
  adjustmentOf,
  isAsking,
  isClosingMeasurement,
  isComputing,
  judgeStep,
  openStep,
  orderedAnswers,
  presentSeats,
  quorumOf,
  stillPostponed,
  widenStep,
  type Transition,
} from './coordinator-step.js';
import { admitClient, joinClient, markAway, markGone } from './coordinator-seats.js';
import { checkTurn } from './coordinator-turn.js';

type Of<K extends CoordinatorEvent['kind']> = Extract<CoordinatorEvent, { kind: K }>;

/**
 * The coordinator: `(state, event) → (state, effects)`. Pure; replaying a journal of events gives the same state and
 * effects. Whatever arrives, it never throws: an answer that is not in turn is refused and forgotten.
 */
export function reduceCoordinator(
  config: CoordinatorConfig,
  state: CoordinatorState,
  event: CoordinatorEvent,
): Transition {
  if (state.phase === 'finished') return onFinished(state, event);
  const moved = apply(config, state, event);
  return progress(config, moved);
}

function apply(config: CoordinatorConfig, state: CoordinatorState, event: CoordinatorEvent): Transition {
  switch (event.kind) {
    case 'prepared':
      return still({ ...state, prepared: true });
    case 'join':
      return joinClient(config, state, event);
    case 'canary':
      return admitClient(config, state, event);
    case 'lost':
      return markAway(config, state, event.clientId);
    case 'left':
    case 'returnTimeout':
      return markGone(state, event);
    case 'answer':
      return onAnswer(state, event);
    case 'rejected':
      return onRejected(config, state, event);
    case 'failed':
      return onFailed(state, event);
    case 'deadline':
      return onDeadline(state, event);
    case 'computed':
      return onComputed(config, state, event);
    case 'pause':
      return still({ ...state, paused: true });
    case 'resume':
      return onResume(config, state);
    case 'stop':
      return onStop(config, state, event);
    default:
      return unreachable(event);
  }
}

/** Nothing changes after the end; clients that answer or join are told that the run has ended. */
function onFinished(state: CoordinatorState, event: CoordinatorEvent): Transition {
  const message = 'the run has ended; there is nothing left to do';
  if (event.kind === 'answer') {
    return {
      state,
      effects: [
        { kind: 'discard', payload: event.payload },
        { kind: 'refuse', clientId: event.clientId, code: 'late', message, fatal: false },
      ],
    };
  }
  if (event.kind !== 'join') return still(state);
  return {
    state,
    effects: [{ kind: 'refuseConnection', connection: event.connection, code: 'stopped', message }],
  };
}

function onAnswer(state: CoordinatorState, event: Of<'answer'>): Transition {
  const { clientId, phase, round, payload } = event;
  const refusal = checkTurn(state, { clientId, phase, round });
  const facts = { round, openRound: state.round };
  if (refusal !== null) {
    return {
      state,
      effects: [
        { kind: 'discard', payload },
        { kind: 'refuse', clientId, ...refusal, facts, fatal: false },
      ],
    };
  }
  const answers = new Map(state.step.answers).set(clientId, payload);
  return {
    state: forgive({ ...state, step: { ...state.step, answers } }, clientId),
    effects: [{ kind: 'accept', clientId, phase, round }],
  };
}

/** The open step no longer waits for it, and it may have been once too often. */
function onRejected(config: CoordinatorConfig, state: CoordinatorState, event: Of<'rejected'>): Transition {
  const failed = onFailed(state, { ...event, kind: 'failed' });
  const struck = strike(config, failed.state, event);
  return { state: struck.state, effects: [...failed.effects, ...struck.effects] };
}

function onFailed(state: CoordinatorState, { clientId, round, code }: Of<'failed'>): Transition {
  const { step } = state;
  const concerned =
    isAsking(state.phase) &&
    round === state.round &&
    step.cohort.includes(clientId) &&
    !step.answers.has(clientId);
  if (!concerned) return still(state);
  return {
    state: { ...state, step: { ...step, failed: new Set(step.failed).add(clientId) } },
    effects: [{ kind: 'note', message: `client ${clientId} cannot answer in round ${round} (${code})` }],
  };
}

function onDeadline(state: CoordinatorState, { step }: Of<'deadline'>): Transition {
  if (step !== state.step.id) return still(state);
  return still({ ...state, step: { ...state.step, deadlinePassed: true } });
}

function onStop(config: CoordinatorConfig, state: CoordinatorState, { reason }: Of<'stop'>): Transition {
  const next: CoordinatorState = { ...state, stopping: true };
  const effects: CoordinatorEffect[] = [{ kind: 'note', message: `stopping: ${reason}` }];
  // A running computation is finished first, so no accepted answer is lost; everything else ends at once.
  if (isComputing(state.phase) && !state.held) return { state: next, effects };
  // The model reached is measured before it ships; a second request to stop ends that too.
  if (state.phase === 'measure' && !state.stopping) return { state: next, effects };
  const ended = endStopped(config, { ...next, held: false });
  return { state: ended.state, effects: [...effects, ...ended.effects] };
}

/** Ends a run that was told to stop: after a round has closed, its model is measured first. */
function endStopped(config: CoordinatorConfig, state: CoordinatorState): Transition {
  if (state.phase === 'close' && config.measures) return openStep(config, state, 'measure');
  return {
    state: { ...state, phase: 'finished' },
    effects: [{ kind: 'finish', answers: [], stopped: true }],
  };
}

function onComputed(config: CoordinatorConfig, state: CoordinatorState, event: Of<'computed'>): Transition {
  if (event.phase !== state.phase || state.held) return still(state);
  const next = event.phase === 'close' ? roundClosed(config, state) : state;
  if (state.stopping) return endStopped(config, next);
  return state.paused ? still({ ...next, held: true }) : stepAfter(config, next);
}

/** The step that follows a computation. */
function stepAfter(config: CoordinatorConfig, state: CoordinatorState): Transition {
  if (state.phase === 'merge') return openStep(config, state, 'losses');
  if (state.phase === 'close' && config.measures) return openStep(config, state, 'measure');
  return nextRound(config, state);
}

function onResume(config: CoordinatorConfig, state: CoordinatorState): Transition {
  const next: CoordinatorState = { ...state, paused: false, held: false };
  return state.held ? stepAfter(config, next) : still(next);
}

function roundClosed(config: CoordinatorConfig, state: CoordinatorState): CoordinatorState {
  const adjusted = adjustmentMade(config, state) !== null;
  return {
    ...state,
    round: state.round + 1,
    adjustments: state.adjustments + (adjusted ? 1 : 0),
    postponed: stillPostponed(config, state),
  };
}

function nextRound(config: CoordinatorConfig, state: CoordinatorState): Transition {
  if (state.round < config.rounds) return openStep(config, state, 'train');
  if (config.evaluatesOnClients) return openStep(config, state, 'evaluate');
  return finish({ ...state, step: { ...state.step, cohort: [], answers: new Map() } });
}

/** Tells every client present, then ends. */
function finish(state: CoordinatorState): Transition {
  const { round } = state;
  const told: readonly CoordinatorEffect[] =
    state.phase === 'evaluate'
      ? []
      : presentSeats(state).map(({ clientId }) => ({
          kind: 'ask',
          clientId,
          request: { kind: 'finish', round, evaluate: false },
        }));
  return {
    state: { ...state, phase: 'finished' },
    effects: [...told, { kind: 'finish', answers: orderedAnswers(state), stopped: false }],
  };
}

/** Moves on as far as the new state allows. */
function progress(config: CoordinatorConfig, { state, effects }: Transition): Transition {
  const next = advance(config, state);
  return next === null ? { state, effects } : { state: next.state, effects: [...effects, ...next.effects] };
}

function advance(config: CoordinatorConfig, state: CoordinatorState): Transition | null {
  if (state.phase === 'gather') return startIfGathered(config, state);
  if (!isAsking(state.phase)) return null;
  const verdict = judgeStep(config, state);
  if (verdict === 'wait') return null;
  if (verdict === 'widen') return widen(config, state, state.phase);
  return closeStep(config, state, state.phase);
}

/** Starts with all clients, or past the joining deadline with a quorum of `numClients`. */
function startIfGathered(config: CoordinatorConfig, state: CoordinatorState): Transition | null {
  const present = state.seats.working;
  const late = state.step.deadlinePassed && present >= quorumOf(config, 'gather');
  if (!state.prepared || state.paused || (present < config.numClients && !late)) return null;
  if (config.selects) return openStep(config, state, 'moments');
  // Without rounds the first model is the last.
  if (config.rounds === 0 && config.measures) return openStep(config, state, 'measure');
  return nextRound(config, state);
}

function widen(config: CoordinatorConfig, state: CoordinatorState, phase: AskingPhase): Transition {
  const { cohort, answers } = state.step;
  const note = `${answers.size} of ${cohort.length} asked have answered, ${quorumOf(config, phase)} needed: asking everybody present`;
  // Only losses of clients whose statistics were merged compare: without a quorum selection starts over.
  const restarts = phase === 'losses';
  const again = restarts ? openStep(config, state, 'moments') : widenStep(config, state);
  const discarded: readonly CoordinatorEffect[] = restarts
    ? [...answers.values()].map((payload) => ({ kind: 'discard', payload }))
    : [];
  return { state: again.state, effects: [{ kind: 'note', message: note }, ...discarded, ...again.effects] };
}

const COMPUTES: Readonly<Record<Exclude<AskingPhase, 'evaluate'>, ComputingPhase>> = {
  moments: 'merge',
  losses: 'choose',
  train: 'close',
  measure: 'settle',
};

function closeStep(config: CoordinatorConfig, state: CoordinatorState, phase: AskingPhase): Transition {
  if (phase === 'evaluate') return finish(state);
  const computing = COMPUTES[phase];
  const attended = marksAttendance(config, state) ? markAttendance(config, state) : still(state);
  const adjustment = phase === 'train' ? adjustmentMade(config, state) : null;
  return {
    state: { ...attended.state, phase: computing },
    effects: [
      ...attended.effects,
      ...(phase === 'train' ? postponement(config, state) : []),
      {
        kind: 'compute',
        phase: computing,
        round: state.round,
        answers: orderedAnswers(state),
        adjustment,
      },
    ],
  };
}

function marksAttendance(config: CoordinatorConfig, state: CoordinatorState): boolean {
  const { phase } = state;
  return phase === 'train' || (phase === 'measure' && !isClosingMeasurement(config, state));
}

function postponement(config: CoordinatorConfig, state: CoordinatorState): readonly CoordinatorEffect[] {
  if (adjustmentOf(config, state) === null || adjustmentMade(config, state) !== null) return [];
  const { answers } = state.step;
  const message = `${answers.size} answers are too few to change the mask in round ${state.round}: the adjustment waits for the next round`;
  return [{ kind: 'note', message }];
}

function still(state: CoordinatorState): Transition {
  return { state, effects: [] };
}
