import type { Dataset, Evaluation } from '@espalier/core';
import type { RoundMetrics } from '@espalier/core/report';
import type { GlobalModel } from '@espalier/core/round';
import type { RunModelOptions } from './run-model-options.js';
import type { RunRecord } from '../record/run-record.js';

const BATCH = 64;

/**
 * Evaluates every round's model and writes its line. On a server test set this runs beside the next round; without one
 * the clients' evaluations of the received model arrive a round later.
 */
export class EvaluationQueue {
  readonly #options: RunModelOptions;
  readonly #record: RunRecord;
  readonly #trainerFree: Promise<void>;
  readonly #written = new Set<number>();
  #queue: Promise<void> = Promise.resolve();

  /** @param trainerFree settles when the trainer may be used; a failure fails the evaluations */
  constructor(options: RunModelOptions, record: RunRecord, trainerFree: Promise<void>) {
    this.#options = options;
    this.#record = record;
    this.#trainerFree = trainerFree;
  }

  /** Goes on from a snapshot: its lines are written, and the last round's model is evaluated if it was not. */
  async restore(model: GlobalModel): Promise<void> {
    const { testData, store } = this.#options;
    const done = this.#record.lines.filter(({ accuracy }) => accuracy !== null);
    await store.restoreMetrics(done);
    for (const { round } of done) this.#written.add(round);
    const last = this.#record.lines.at(-1);
    // A model that is still to be measured is evaluated afterwards.
    if (testData && last?.accuracy === null && !this.#record.isUnmeasured)
      await this.modelReady(last.round, model);
  }

  /** The round's model is complete: it is evaluated beside what follows, where there is a server test set. */
  async modelReady(round: number, model: GlobalModel): Promise<void> {
    const { testData } = this.#options;
    if (testData === null) return;
    // One round's evaluation may be under way when a snapshot is taken, never two: only its model is kept.
    await this.#queue;
    this.#queue = this.#queue.then(() => this.#evaluate(round, model, testData));
    // A failure is met in finish; until then it must not count as unhandled.
    this.#queue.catch(() => undefined);
  }

  /** Writes down the evaluation, by clients, of the model that this round began with. */
  async evaluatedByClients(round: number, before: Evaluation): Promise<void> {
    if (round > 0) await this.#write(round - 1, before);
  }

  /** Waits for everything and writes what is left, with the last model's evaluation where clients gave one. */
  async finish(last: Evaluation | null): Promise<void> {
    await this.#queue;
    if (last) this.#record.concluded(last);
    for (const line of this.#record.lines) await this.#store(line);
  }

  async #evaluate(round: number, { graph, mask, state }: GlobalModel, testData: Dataset): Promise<void> {
    const { trainer, job } = this.#options;
    await this.#trainerFree;
    await trainer.load(graph, state, mask);
    await this.#write(
      round,
      await trainer.evaluate(testData, { batchSize: BATCH, normalization: job.normalization }),
    );
  }

  async #write(round: number, evaluation: Evaluation): Promise<void> {
    const line = this.#record.evaluated(round, evaluation);
    if (line) await this.#store(line);
  }

  async #store(line: RoundMetrics): Promise<void> {
    if (this.#written.has(line.round)) return;
    this.#written.add(line.round);
    await this.#options.store.metrics(line);
    const { round, accuracy, trainLoss } = line;
    this.#options.onReport?.({ kind: 'round', round, accuracy, trainLoss });
  }
}
