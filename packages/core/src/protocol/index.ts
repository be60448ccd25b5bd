export type { AnswerName, ClientId, ConnectionId } from './ids.js';
export type { ConnectionHandlers, FrameConnection, Traffic } from './connection.js';
export { PROTOCOL_VERSION, type ClientJob, type ClientMessage, type ServerMessage } from './messages.js';
export {
  initialCoordinatorState,
  type AcceptedAnswer,
  type Adjustment,
  type AskingPhase,
  type ComputingPhase,
  type CoordinatorConfig,
  type CoordinatorEffect,
  type CoordinatorEvent,
  type CoordinatorState,
  type Phase,
  type Request,
  type Seat,
  type Step,
} from './coordinator-state.js';
export { coordinatorConfig } from './coordinator-config.js';
export { reduceCoordinator } from './coordinator-reducer.js';
export {
  deadlineAfter,
  rearm,
  replayJournal,
  replayStart,
  type JournalEntry,
  type ReplayedState,
  type RunningDeadline,
} from './replay.js';
export { readState, writeState, type StoredState } from './stored-state.js';
export {
  adjustmentOf,
  isAsking,
  isComputing,
  pendingRequests,
  presentSeats,
  quorumOf,
  type Transition,
} from './coordinator-step.js';
export { checkTurn, type Turn, type TurnRefusal } from './coordinator-turn.js';
export {
  initialClientState,
  MAX_ATTEMPTS,
  type ClientEffect,
  type ClientEvent,
  type ClientIdentity,
  type ClientOutcome,
  type ClientPhase,
  type ClientState,
  type ClientTask,
  type RunningTask,
} from './client-state.js';
export { reduceClient, type ClientTransition } from './client-reducer.js';
export { toldToPeer, type Teller, type ToldError } from './told-to-peer.js';
