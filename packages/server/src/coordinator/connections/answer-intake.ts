import { EspalierError, unreachable, type ModelGraph } from '@espalier/core';
import { profileUpdate, type UpdateProfile } from '@espalier/core/methods';
import { type ClientId, checkTurn, type ClientMessage, type Turn } from '@espalier/core/protocol';
import {
  checkCandidateLosses,
  checkCandidateMoments,
  checkEvaluation,
  checkMeasurement,
  checkUpdate,
} from '@espalier/core/round';
import { shareOf, type ReducerAccess } from './reducer-access.js';
import type { AnswerBytes } from '../model/answer-store.js';
import type { RunModel } from '../model/run-model.js';

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

/** True when a message answers an open step. */
export function isAnswer({ kind }: ClientMessage): boolean {
  return ANSWERS.has(kind);
}

/** Dependencies and settings of the answer intake. */
export interface AnswerIntakeOptions {
  readonly graph: ModelGraph;
  readonly runModel: RunModel;
  readonly reducer: ReducerAccess;
  /** True when the coordinator evaluates models by itself. */
  readonly hasTestData: boolean;
  /** True when moments are measured in a step of their own, so that updates carry none. */
  readonly measures: boolean;
  /** An answer's bytes are on the disk and may be used again. */
  readonly kept: (bytes: Uint8Array) => void;
}

/** Path of every answer to an open step: it is checked and made durable before the reducer sees it. */
export class AnswerIntake {
  readonly #options: AnswerIntakeOptions;
  readonly #runModel: RunModel;
  readonly #reducer: ReducerAccess;
  /** Clients whose answer is on its way to the disk. */
  readonly #storing = new Set<string>();

  constructor(options: AnswerIntakeOptions) {
    this.#options = options;
    this.#runModel = options.runModel;
    this.#reducer = options.reducer;
  }

  /** In turn first, so that a late answer is told it is late and not that its contents are wrong. */
  take(clientId: ClientId, message: AnswerMessage, bytes: AnswerBytes): void {
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

  #checkContents(clientId: ClientId, message: AnswerMessage): void {
    switch (message.kind) {
      case 'candidateMoments':
        checkCandidateMoments(this.#options.graph, message, this.#runModel.pool.counts.length);
        return;
      case 'candidateLosses':
        checkCandidateLosses(message.candidates, this.#runModel.pool.counts.length);
        return;
      case 'update': {
        const share = shareOf(this.#reducer.state(), clientId);
        const { topGradients, readjustment } = this.#runModel.openRequests;
        checkUpdate(message.update, {
          ...{ topGradients, readjustment, model: this.#runModel.modelFor(share) },
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
      const payload = await this.#runModel.answers.put(clientId, bytes, profile);
      this.#options.kept(bytes.bytes);
      this.#reducer.dispatch({ kind: 'answer', ...turn, payload });
    } catch (error) {
      this.#reducer.fail(error);
    } finally {
      this.#storing.delete(clientId);
    }
  }
}

/**
 * Returns the step that an answer is for. Answers of the selection carry no round, as it precedes the first.
 */
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
