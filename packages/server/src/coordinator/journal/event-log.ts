import {
  deadlineAfter,
  reduceCoordinator,
  replayStart,
  writeState,
  type CoordinatorConfig,
  type CoordinatorEffect,
  type CoordinatorEvent,
  type CoordinatorState,
  type JournalEntry,
  type ReplayedState,
  type RunningDeadline,
} from '@espalier/core/protocol';
import type { ByteFigures } from '@espalier/core/report';
import type { Journal, Snapshot, StoredRunModel } from './journal.js';
import { answerReference } from './answer-reference.js';
import type { RecoveredRun } from './recover-run.js';

/** An event that was reduced, its effects, and the snapshot taken at it. */
interface Reduced {
  readonly entry: JournalEntry | null;
  readonly effects: readonly CoordinatorEffect[];
  readonly snapshot: Snapshot | null;
}

/** Dependencies of an event log. */
export interface EventLogOptions {
  readonly config: CoordinatorConfig;
  readonly journal: Journal;
  /** Run seconds. */
  readonly now: () => number;
  /** Does what the reducer decided; called in order, once the event is durable. */
  readonly perform: (effect: CoordinatorEffect) => void;
  /** Returns the bytes transferred over all connections so far. */
  readonly totals: () => ByteFigures;
  /** Called once, when the journal fails: nothing is performed any more. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * The reducer with its journal. State changes at once; effects wait until their events are on the disk. Events that
 * come while the disk is busy become durable together with the next commit.
 */
export class EventLog {
  readonly #options: EventLogOptions;
  #replayed: Omit<ReplayedState, 'at'>;
  #sequence: number;
  #waiting: Reduced[] = [];
  #scheduled = false;
  #stopped = false;

  constructor(options: EventLogOptions, recovered: RecoveredRun | null) {
    this.#options = options;
    const { state, deadline } = recovered?.replayed ?? replayStart(options.config);
    this.#replayed = { state, deadline };
    this.#sequence = recovered?.sequence ?? 0;
  }

  get state(): CoordinatorState {
    return this.#replayed.state;
  }

  get deadline(): RunningDeadline {
    return this.#replayed.deadline;
  }

  /**
   * @param model the model's part at this event, when a snapshot is to be taken with it
   */
  dispatch(event: CoordinatorEvent, model: StoredRunModel | null = null): void {
    if (this.#stopped) return;
    const before = this.state;
    const at = this.#options.now();
    const { state, effects } = reduceCoordinator(this.#options.config, before, event);
    const deadline = deadlineAfter(this.deadline, effects, at);
    this.#replayed = { state, deadline };
    // What the reducer refused changed nothing: a stranger must not be able to fill the disk with it.
    const accepted = state !== before;
    if (accepted) this.#sequence++;
    this.#waiting.push({
      entry: accepted ? { at, event } : null,
      effects,
      snapshot: model && accepted ? this.#snapshot(at, model) : null,
    });
    this.#schedule();
  }

  /** Nothing is reduced or performed from now on. */
  stop(): void {
    this.#stopped = true;
    this.#waiting = [];
  }

  #snapshot(at: number, { text, blobs }: StoredRunModel): Snapshot {
    const { state, deadline } = this.#replayed;
    const answers = [...state.step.answers.values()].map((name) => answerReference(name).blob);
    return {
      sequence: this.#sequence,
      at,
      // Written out by who keeps it: a journal in memory does not, and a fleet's seats are many.
      get state() {
        return writeState(state);
      },
      deadline,
      workshop: text,
      blobs: [...blobs, ...answers],
    };
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    try {
      this.#commit(batch);
      for (const { effects } of batch) for (const effect of effects) this.#performOne(effect);
    } catch (error) {
      this.stop();
      this.#options.onFailure(error);
    }
  }

  #performOne(effect: CoordinatorEffect): void {
    if (!this.#stopped) this.#options.perform(effect);
  }

  #commit(batch: readonly Reduced[]): void {
    const entries = batch.flatMap(({ entry }) => entry ?? []);
    const snapshot = batch.map((one) => one.snapshot).findLast((one) => one !== null) ?? null;
    if (entries.length === 0) return;
    const { journal, totals } = this.#options;
    journal.commit({
      entries,
      snapshot,
      // Asked of every connection, so only where it is kept.
      get totals() {
        return totals();
      },
    });
  }
}
