import {
  checkTurn,
  EspalierError,
  profileUpdate,
  unreachable,
  type ClientMessage,
  type ModelGraph,
  type Turn,
  type UpdateProfile,
  checkCandidateLosses,
  checkCandidateMoments,
  checkEvaluation,
  checkMeasurement,
  checkUpdate,
} from '@espalier/core';
import { shareOf, type DeskReducer } from './desk-reducer.js';
import type { AnswerBytes } from '../model/payloads.js';
import type { Workshop } from '../model/workshop.js';

/** Messages that answer an open step. */
type AnswerMessage = Extract<
  ClientMessage,
  { kind: 'candidateMoments' | 'candidateLosses' | 'update' | 'measured' | 'evaluation' }
>;

const ANSWERS: ReadonlySet<ClientMessage['kind']> = new Set<AnswerMessage['kind']>([
  'candidateMoments',
  'candidateLosses',
  'update',
  'measured',
  'evaluation',
]);

/** Whether a message answers an open step. */
export function isAnswer({ kind }: ClientMessage): boolean {
  return ANSWERS.has(kind);
}

/** What the tray works with. */
export interface AnswerTrayOptions {
  readonly graph: ModelGraph;
  readonly workshop: Workshop;
  readonly reducer: DeskReducer;
  /** Whether the coordinator evaluates by itself. */
  readonly hasTestData: boolean;
  /** Whether moments are measured apart, so that updates carry none. */
  readonly measures: boolean;
  /** An answer's bytes are on the disk and may be used again. */
  readonly kept: (bytes: Uint8Array) => void;
}

/** Where answers to an open step go: looked at, made durable, and only then the reducer's. */
export class AnswerTray {
  readonly #options: AnswerTrayOptions;
  readonly #workshop: Workshop;
  readonly #reducer: DeskReducer;
  /** Clients whose answer is on its way to the disk. */
  readonly #storing = new Set<string>();

  constructor(options: AnswerTrayOptions) {
    this.#options = options;
    this.#workshop = options.workshop;
    this.#reducer = options.reducer;
  }

  /** In turn first, so that a late answer is told it is late and not that its contents are wrong. */
  take(clientId: string, message: AnswerMessage, bytes: AnswerBytes): void {
    const turn = turnOf(message, this.#reducer.state().round);
    if (checkTurn(this.#reducer.state(), { clientId, ...turn }) !== null) {
      this.#reducer.dispatch({ kind: 'answer', clientId, ...turn, payload: '' });
      return;
    }
    if (this.#storing.has(clientId)) {
      throw new EspalierError('duplicate', `round ${turn.round} has this client's ${turn.phase} already`);
    }
    this.#checkContents(clientId, message);
    // Now, for the next message takes the place of the values.
    const profile = message.kind === 'update' ? profileUpdate(message.update.delta) : null;
    void this.#keep({ clientId, ...turn }, bytes, profile);
  }

  #checkContents(clientId: string, message: AnswerMessage): void {
    switch (message.kind) {
      case 'candidateMoments':
        checkCandidateMoments(this.#options.graph, message, this.#workshop.pool.counts.length);
        return;
      case 'candidateLosses':
        checkCandidateLosses(message.candidates, this.#workshop.pool.counts.length);
        return;
      case 'update': {
        const share = shareOf(this.#reducer.state(), clientId);
        const { topGradients, readjustment } = this.#workshop.wishes;
        checkUpdate(message.update, {
          ...{ topGradients, readjustment, model: this.#workshop.modelFor(share) },
          samples: this.#samplesOf(clientId),
          moments: !this.#options.measures,
          evaluation: !this.#options.hasTestData && share === 1,
        });
        return;
      }
      case 'measured':
        checkMeasurement(this.#options.graph, message.measurement, this.#samplesOf(clientId));
        return;
      case 'evaluation':
        checkEvaluation(message.evaluation);
        return;
      default:
        unreachable(message);
    }
  }

  #samplesOf(clientId: string): number {
    return this.#reducer.state().seats.get(clientId)?.samples ?? 0;
  }

  /** Durable first, then the reducer's: it decides anew, for the step may have closed meanwhile. */
  async #keep(turn: Turn, bytes: AnswerBytes, profile: UpdateProfile | null): Promise<void> {
    const { clientId } = turn;
    this.#storing.add(clientId);
    try {
      const payload = await this.#workshop.payloads.put(clientId, bytes, profile);
      this.#options.kept(bytes.bytes);
      this.#reducer.dispatch({ kind: 'answer', ...turn, payload });
    } catch (error) {
      this.#reducer.fail(error);
    } finally {
      this.#storing.delete(clientId);
    }
  }
}

/** Which step an answer is for; those of the selection carry no round, for it comes before the first. */
function turnOf(message: AnswerMessage, round: number): Omit<Turn, 'clientId'> {
  switch (message.kind) {
    case 'candidateMoments':
      return { phase: 'moments', round };
    case 'candidateLosses':
      return { phase: 'losses', round };
    case 'update':
      return { phase: 'train', round: message.update.round };
    case 'measured':
      return { phase: 'measure', round: message.measurement.round };
    case 'evaluation':
      return { phase: 'evaluate', round: message.round };
  }
}
