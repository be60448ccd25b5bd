import { reduceCoordinator } from './coordinator-reducer.js';
import {
  initialCoordinatorState,
  type CoordinatorConfig,
  type CoordinatorEffect,
  type CoordinatorEvent,
  type CoordinatorState,
} from './coordinator-state.js';
import { returnTimer } from './coordinator-seats.js';
import { adjustmentMade, isAsking, orderedAnswers } from './coordinator-step.js';

/** An event with the seconds the run had lasted when it happened; time in which no coordinator ran does not count. */
export interface JournalEntry {
  readonly at: number;
  readonly event: CoordinatorEvent;
}

/** A decision state with the facts needed to continue its deadline. */
export interface ReplayedState {
  readonly state: CoordinatorState;
  /** The deadline that runs: of which step, since when, and how long. */
  readonly deadline: RunningDeadline;
  /** Run seconds of the last entry. */
  readonly at: number;
}

/** A deadline under way. */
export interface RunningDeadline {
  readonly step: number;
  /** Run seconds at which it ends. */
  readonly ends: number;
}

/** State of every run at its beginning, before any entry. */
export function replayStart(config: CoordinatorConfig): ReplayedState {
  const { state } = initialCoordinatorState(config);
  return { state, deadline: { step: 0, ends: config.joinTimeout }, at: 0 };
}

/**
 * Folds the journal over a state. No effect is carried out: {@link rearm} gives those that must be repeated.
 */
export function replayJournal(
  config: CoordinatorConfig,
  from: ReplayedState,
  entries: Iterable<JournalEntry>,
): ReplayedState {
  let { state, deadline, at } = from;
  for (const entry of entries) {
    const moved = reduceCoordinator(config, state, entry.event);
    state = moved.state;
    at = entry.at;
    deadline = deadlineAfter(deadline, moved.effects, at);
  }
  return { state, deadline, at };
}

/** The deadline that runs after those effects, performed at that run second. */
export function deadlineAfter(
  before: RunningDeadline,
  effects: readonly CoordinatorEffect[],
  at: number,
): RunningDeadline {
  return effects.reduce(
    (deadline, effect) =>
      effect.kind === 'startDeadline' ? { step: effect.step, ends: at + effect.seconds } : deadline,
    before,
  );
}

/**
 * Effects for a coordinator that resumes a run: let the deadline continue with the time that was left,
 * compute what was being computed, or end what had ended; and give clients that were away one more whole
 * return time. Clients are asked again when they return.
 */
export function rearm(config: CoordinatorConfig, replayed: ReplayedState): readonly CoordinatorEffect[] {
  const { phase, seats } = replayed.state;
  const away = phase === 'finished' ? [] : [...seats.values()].filter(({ presence }) => presence === 'away');
  return [...rearmStep(config, replayed), ...away.map((seat) => returnTimer(config, seat))];
}

function rearmStep(
  config: CoordinatorConfig,
  { state, deadline, at }: ReplayedState,
): readonly CoordinatorEffect[] {
  const { phase, step, round, stopping } = state;
  if (phase === 'finished') {
    return [{ kind: 'finish', answers: stopping ? [] : orderedAnswers(state), stopped: stopping }];
  }
  if (phase === 'gather' || isAsking(phase)) {
    if (step.deadlinePassed) return [];
    return [{ kind: 'startDeadline', step: step.id, seconds: Math.max(0, deadline.ends - at) }];
  }
  if (state.held) return [];
  const adjustment = phase === 'close' ? adjustmentMade(config, state) : null;
  return [{ kind: 'compute', phase, round, answers: orderedAnswers(state), adjustment }];
}
