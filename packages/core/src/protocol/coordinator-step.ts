import type { AnswerName, ClientId } from './ids.js';
import { randomStream, shuffled } from '../random/stream.js';
import { isResting } from './coordinator-attendance.js';
import type {
  AcceptedAnswer,
  Adjustment,
  AskingPhase,
  CoordinatorConfig,
  CoordinatorEffect,
  CoordinatorState,
  Phase,
  Request,
  Seat,
  ComputingPhase,
} from './coordinator-state.js';
import { canWork } from './seat.js';
import { unreachable } from '../errors.js';

/** A new state with the effects to carry out. */
export interface Transition {
  readonly state: CoordinatorState;
  readonly effects: readonly CoordinatorEffect[];
}

const ASKING: ReadonlySet<Phase> = new Set<AskingPhase>([
  'moments',
  'losses',
  'train',
  'measure',
  'evaluate',
]);

/** True while clients are being asked. */
export function isAsking(phase: Phase): phase is AskingPhase {
  return ASKING.has(phase);
}

/** True while the coordinator works on the answers of a step. */
export function isComputing(phase: Phase): phase is ComputingPhase {
  return !isAsking(phase) && phase !== 'gather' && phase !== 'finished';
}

/** Seats that can work now, by partition index. */
export function presentSeats(state: CoordinatorState): readonly Seat[] {
  return [...state.seats.values()].filter(canWork).sort((a, b) => a.partitionIndex - b.partitionIndex);
}

/** Seats that a new cohort counts on, by partition index: a client whose connection is lost is waited for meanwhile. */
function expectedSeats(state: CoordinatorState): readonly Seat[] {
  return [...state.seats.values()]
    .filter(({ expected }) => expected)
    .sort((a, b) => a.partitionIndex - b.partitionIndex);
}

/**
 * Answers an open step needs: the quorum of the clients the job intends to ask, rounded up, at least one. It
 * is a share of the intended number, not of the clients present, so that absent clients cannot lower it.
 */
export function quorumOf(
  config: Pick<CoordinatorConfig, 'clientsPerRound' | 'numClients' | 'quorum'>,
  phase: Phase,
): number {
  const ofRound = phase === 'train' || phase === 'measure';
  return needed(config, ofRound ? Math.min(config.clientsPerRound, config.numClients) : config.numClients);
}

/**
 * {@link quorumOf} the open step; clients that carry a part of the mask do not count for measuring if others
 * can measure.
 */
function quorumNow(config: CoordinatorConfig, { phase, seats }: CoordinatorState): number {
  if (phase !== 'measure') return quorumOf(config, phase);
  const whole = [...seats.values()].filter(({ share }) => share === 1).length;
  const partial = whole === 0 ? 0 : seats.size - whole;
  return needed(config, Math.min(config.clientsPerRound, Math.max(1, config.numClients - partial)));
}

function needed({ quorum }: Pick<CoordinatorConfig, 'quorum'>, intended: number): number {
  return Math.max(1, Math.ceil(quorum * intended));
}

/** True for the measurement that nothing but the end of the run follows. */
export function isClosingMeasurement(
  { rounds }: CoordinatorConfig,
  { phase, round, stopping }: CoordinatorState,
): boolean {
  return phase === 'measure' && (stopping || round >= rounds);
}

/**
 * The adjustment that the open round asks for: the oldest postponed one, otherwise the round's own, otherwise
 * null.
 */
export function adjustmentOf(
  { adjustmentRounds }: CoordinatorConfig,
  { round, postponed, adjustments }: CoordinatorState,
): Adjustment | null {
  const due = postponed[0] ?? (adjustmentRounds.includes(round) ? round : null);
  return due === null ? null : { number: adjustments, due };
}

/**
 * The adjustment that the open round makes with the answers it has: that it asked for, or null when too few answered.
 * A mask that changed by the word of a few could not be taken back.
 */
export function adjustmentMade(config: CoordinatorConfig, state: CoordinatorState): Adjustment | null {
  const intended = Math.min(config.clientsPerRound, config.numClients);
  const enough = state.step.answers.size >= Math.ceil(config.adjustmentQuorum * intended);
  return enough ? adjustmentOf(config, state) : null;
}

/** Adjustments still to be made once the open round has closed. */
export function stillPostponed(config: CoordinatorConfig, state: CoordinatorState): readonly number[] {
  const { round, postponed } = state;
  const due = config.adjustmentRounds.includes(round) ? [...postponed, round] : postponed;
  return adjustmentMade(config, state) === null ? due : due.slice(1);
}

/** Accepted answers by partition index, the order in which they are folded. */
export function orderedAnswers(state: CoordinatorState): readonly AcceptedAnswer[] {
  return [...state.step.answers]
    .map(([clientId, payload]) => ({
      clientId,
      payload,
      partitionIndex: state.seats.get(clientId)?.partitionIndex ?? 0,
    }))
    .sort((a, b) => a.partitionIndex - b.partitionIndex);
}

/** Opens a step: draws its cohort, asks every client in it, starts the deadline. */
export function openStep(config: CoordinatorConfig, state: CoordinatorState, phase: AskingPhase): Transition {
  return startStep(config, { ...state, phase }, drawCohort(config, state, phase), new Map());
}

/**
 * The open step again, with all expected clients in the cohort; accepted answers are kept and not requested
 * again.
 */
export function widenStep(config: CoordinatorConfig, state: CoordinatorState): Transition {
  const { answers } = state.step;
  const expected = new Set(expectedSeats(state).map((seat) => seat.clientId));
  const cohort = [...state.seats.values()]
    .sort((a, b) => a.partitionIndex - b.partitionIndex)
    .map((seat) => seat.clientId)
    .filter((clientId) => expected.has(clientId) || answers.has(clientId));
  return startStep(config, state, cohort, answers);
}

function startStep(
  config: CoordinatorConfig,
  state: CoordinatorState,
  cohort: readonly string[],
  answers: ReadonlyMap<ClientId, AnswerName>,
): Transition {
  const step = { id: state.step.id + 1, cohort, answers, failed: new Set<string>(), deadlinePassed: false };
  const next: CoordinatorState = { ...state, step };
  return {
    state: next,
    effects: [
      { kind: 'startDeadline', step: step.id, seconds: config.roundTimeout },
      // A client that is not connected is asked when it is admitted again.
      ...cohort
        .filter((clientId) => isThere(next, clientId))
        .flatMap((clientId) => askPending(config, next, clientId)),
    ],
  };
}

/**
 * Requests of the open step that this client has not answered; they are sent again when the client comes
 * back.
 */
export function pendingRequests(
  config: CoordinatorConfig,
  state: CoordinatorState,
  clientId: ClientId,
): readonly Request[] {
  const { cohort, answers } = state.step;
  const pending = isAsking(state.phase) && cohort.includes(clientId) && !answers.has(clientId);
  return pending ? requestsOf(config, state) : [];
}

/** Effects that send a client its unanswered requests. */
export function askPending(
  config: CoordinatorConfig,
  state: CoordinatorState,
  clientId: ClientId,
): readonly CoordinatorEffect[] {
  return pendingRequests(config, state, clientId).map((request) => ({ kind: 'ask', clientId, request }));
}

function requestsOf(config: CoordinatorConfig, state: CoordinatorState): readonly Request[] {
  const { phase, round } = state;
  if (phase === 'moments') return [{ kind: 'pool' }];
  // A client needs the pool before its merged statistics make sense; the shell knows which clients have it.
  if (phase === 'losses') return [{ kind: 'poolMoments' }];
  if (phase === 'measure') return [{ kind: 'measure', round }];
  if (phase === 'evaluate') return [{ kind: 'finish', round, evaluate: true }];
  return [
    { kind: 'train', round, adjustment: adjustmentOf(config, state), evaluate: config.evaluatesOnClients },
  ];
}

/**
 * Selection asks all expected clients and then those that answered. A round asks `clientsPerRound` drawn from
 * those expected and not resting by a stream keyed by the round, so that a restarted coordinator, which opens
 * steps before its clients are back, draws the same: first to measure, where the job measures, then to train.
 * A client that did not measure in time is not asked to train in that round, so a client that hangs costs
 * only one deadline per round. All clients measure the last model.
 */
function drawCohort(
  config: CoordinatorConfig,
  state: CoordinatorState,
  phase: AskingPhase,
): readonly string[] {
  const expected = expectedSeats(state).map((seat) => seat.clientId);
  const { cohort, answers } = state.step;
  switch (phase) {
    case 'losses':
      return expected.filter((clientId) => answers.has(clientId));
    case 'train': {
      const missed = new Set(
        state.phase === 'settle' ? cohort.filter((clientId) => !answers.has(clientId)) : [],
      );
      return drawRound(config, state).filter((clientId) => !missed.has(clientId));
    }
    case 'measure': {
      const closing = isClosingMeasurement(config, { ...state, phase });
      return withWholeModel(state, closing ? expected : drawRound(config, state));
    }
    case 'moments':
    case 'evaluate':
      return expected;
    default:
      return unreachable(phase);
  }
}

function drawRound(config: CoordinatorConfig, state: CoordinatorState): readonly string[] {
  const rested = restedClients(config, state);
  if (rested.length <= config.clientsPerRound) return rested;
  const stream = randomStream({ seed: config.seed, purpose: 'cohort', round: state.round });
  const drawn = new Set(shuffled(rested, stream).slice(0, config.clientsPerRound));
  return rested.filter((clientId) => drawn.has(clientId));
}

/**
 * Clients that carry the whole mask, as moments of a part are not the model's; all clients if none carries
 * it.
 */
function withWholeModel({ seats }: CoordinatorState, clients: readonly string[]): readonly string[] {
  const whole = clients.filter((clientId) => seats.get(clientId)?.share === 1);
  return whole.length > 0 ? whole : clients;
}

/**
 * Expected clients that are not resting, by partition index; if they are fewer than twice the quorum, so that
 * half of them could not be missed, also those whose rest ends first.
 */
function restedClients(config: CoordinatorConfig, state: CoordinatorState): readonly string[] {
  const expected = expectedSeats(state);
  const wanted = Math.min(config.clientsPerRound, 2 * quorumOf(config, 'train'));
  const missing = wanted - expected.filter((seat) => !isResting(state, seat)).length;
  const woken = expected
    .filter((seat) => isResting(state, seat))
    .sort((a, b) => a.restUntil - b.restUntil || a.partitionIndex - b.partitionIndex)
    .slice(0, Math.max(0, missing));
  return expected
    .filter((seat) => !isResting(state, seat) || woken.includes(seat))
    .map(({ clientId }) => clientId);
}

function isThere({ seats }: CoordinatorState, clientId: string): boolean {
  const seat = seats.get(clientId);
  return seat !== undefined && canWork(seat);
}

/** Verdict on the open step. */
export type StepVerdict = 'wait' | 'complete' | 'widen';

/**
 * A step is complete when all clients still expected have answered, or when the deadline has passed, with a
 * quorum. Without a quorum it is widened to the other clients present: at once when none is expected any
 * more, otherwise at the deadline. With no client present it waits; only the closing measurement and the
 * final evaluation end even without answers.
 */
export function judgeStep(config: CoordinatorConfig, state: CoordinatorState): StepVerdict {
  const { cohort, answers, failed, deadlinePassed } = state.step;
  // Ends at the first it finds: this is asked at every event, of cohorts of thousands.
  const awaiting = cohort.some((clientId) => {
    const presence = state.seats.get(clientId)?.presence ?? 'gone';
    return !answers.has(clientId) && !failed.has(clientId) && presence !== 'gone';
  });
  if (awaiting && !deadlinePassed) return 'wait';
  if (answers.size >= quorumNow(config, state) || endsAnyhow(config, state)) return 'complete';
  if (deadlinePassed) return state.seats.working > 0 ? 'widen' : 'wait';
  return presentSeats(state).some((seat) => !cohort.includes(seat.clientId)) ? 'widen' : 'wait';
}

function endsAnyhow(config: CoordinatorConfig, state: CoordinatorState): boolean {
  if (state.phase === 'evaluate') return true;
  if (!isClosingMeasurement(config, state)) return false;
  // A run that was told to stop does not wait for clients to come back.
  return state.step.deadlinePassed || (state.stopping && state.seats.working === 0);
}
