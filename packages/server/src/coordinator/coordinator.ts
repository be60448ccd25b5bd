import { EspalierError, toEspalierError } from '@espalier/core';
import {
  pendingRequests,
  rearm,
  type CoordinatorConfig,
  type CoordinatorEffect,
  type CoordinatorEvent,
  type FrameConnection,
  type Phase,
} from '@espalier/core/protocol';
import type { ReportRun } from '@espalier/core/report';
import { wireContext } from '@espalier/proto';
import { clientStatus } from './record/client-status.js';
import { ClientConnections } from './connections/client-connections.js';
import { EventLog } from './journal/event-log.js';
import type { CoordinatorOptions } from './options.js';
import type { CoordinatorStatus } from './record/coordinator-status.js';
import type { RunResult } from './record/run-result.js';
import { configOf, recoverRun, type RecoveredRun } from './journal/recover-run.js';
import { watchedJob, watchedRun } from './record/watched-run.js';
import { RunModel } from './model/run-model.js';
import { loadRunModel, type RunModelState } from './model/run-model-state.js';

/**
 * The coordinator without sockets: feeds events to core's reducer and performs its effects. It decides nothing itself.
 * Connections are handed in by {@link accept}.
 */
export class Coordinator {
  /** Resolves with the result; rejects with the EspalierError that ended the run. */
  readonly ended: Promise<RunResult>;
  readonly #options: CoordinatorOptions;
  readonly #config: CoordinatorConfig;
  readonly #connections: ClientConnections;
  readonly #runModel: RunModel;
  readonly #timers = new Set<() => void>();
  readonly #log: EventLog;
  /** The clock's reading at run second 0. */
  readonly #began: number;
  #dead = false;
  #settle: { resolve: (result: RunResult) => void; reject: (error: unknown) => void } | null = null;

  /**
   * @param recovered what {@link recoverRun} found; a run begins anew without it
   */
  constructor(options: CoordinatorOptions, recovered: RecoveredRun | null = null) {
    const { graph } = options;
    const began = options.clock() - (recovered?.replayed.at ?? 0);
    const now = (): number => options.clock() - began;
    this.#options = options;
    this.#began = began;
    this.#config = configOf(options);
    this.#runModel = new RunModel(options, graph, { context: wireContext(graph), now });
    this.#log = new EventLog(
      {
        config: this.#config,
        journal: options.journal,
        now,
        totals: () => this.#runModel.ledger.peek(),
        perform: (effect) => {
          this.#perform(effect);
        },
        onFailure: (error) => {
          this.#fail(error);
        },
      },
      recovered,
    );
    this.#connections = new ClientConnections(options, graph, this.#runModel, {
      state: () => this.#log.state,
      dispatch: (event) => {
        this.dispatch(event);
      },
      fail: (error) => {
        this.#fail(error);
      },
      pendingRequests: (clientId) => pendingRequests(this.#config, this.#log.state, clientId),
    });
    this.ended = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // Those who await it get the failure; until somebody does it must not count as unhandled.
    this.ended.catch(() => undefined);
    if (recovered === null) this.#begin();
  }

  /** A coordinator that goes on where the journal ends, or begins where it is empty. @throws EspalierError `storage`. */
  static async open(options: CoordinatorOptions): Promise<Coordinator> {
    const { graph, journal } = options;
    const recovered = recoverRun(options);
    const stored = recovered?.model ?? null;
    const context = wireContext(graph);
    const model = stored === null ? null : await loadRunModel(stored, { graph, journal, context });
    const coordinator = new Coordinator(options, recovered);
    if (recovered) await coordinator.#takeUp(recovered, model);
    return coordinator;
  }

  /** Takes a connection in: sends the challenge, then follows the protocol. */
  accept(connection: FrameConnection): void {
    if (this.#dead) connection.close('this coordinator has ended');
    else this.#connections.open(connection);
  }

  /** Counts and logs somebody who was turned away before there was a connection. */
  turnedAway(error: EspalierError, peer: string): void {
    this.#connections.turnedAway(error, peer);
  }

  /** Finishes what is being computed, keeps the model reached, and ends. */
  stop(reason: string): void {
    this.dispatch({ kind: 'stop', reason });
  }

  /** Opens no new step until it is resumed; the open one goes on. */
  pause(): void {
    this.dispatch({ kind: 'pause' });
  }

  /** Goes on after a pause. */
  resume(): void {
    this.dispatch({ kind: 'resume' });
  }

  /** Stops waiting for clients that have not come: the run begins once a quorum of them is there. */
  start(): void {
    if (this.#log.state.phase !== 'gather') return;
    this.dispatch({ kind: 'resume' });
    this.dispatch({ kind: 'deadline', step: this.#log.state.step.id });
  }

  /** The run as the dashboard shows it, without its log and its end. */
  watch(): Omit<ReportRun, 'events' | 'control' | 'summary'> {
    const { job, graph, classes, clock } = this.#options;
    return watchedRun({
      job: watchedJob(job, graph, classes),
      state: this.#log.state,
      record: this.#runModel.record.store(),
      history: this.#connections.history,
      seconds: clock() - this.#began,
      secondsAt: (reading) => reading - this.#began,
    });
  }

  /** The model as it is now, as a file; null before there is one. */
  bundle(): Uint8Array | null {
    return this.#runModel.currentBundle();
  }

  /** Current phase of the run. */
  get phase(): Phase {
    return this.#log.state.phase;
  }

  /** For people and probes. */
  status(): CoordinatorStatus {
    const { phase, round, seats, prepared } = this.#log.state;
    const { refusals, totals, lines } = this.#runModel.record.store();
    const seconds = lines.map(({ aggregation }) => aggregation.seconds);
    return {
      phase,
      round,
      rounds: this.#config.rounds,
      prepared,
      refusals: Object.fromEntries(refusals),
      bytes: totals,
      aggregation: { last: seconds.at(-1) ?? 0, total: seconds.reduce((sum, each) => sum + each, 0) },
      clients: [...seats.values()].map((seat) => clientStatus(seat, this.#log.state)),
    };
  }

  /** Ends this coordinator, not the run: another one may go on with its journal. `ended` rejects with `stopped`. */
  handOver(reason: string): void {
    this.#fail(new EspalierError('stopped', `${reason}; the run can be taken up again with --resume`));
  }

  /** One event through the reducer; its effects are performed once it is durable. */
  dispatch(event: CoordinatorEvent): void {
    this.#log.dispatch(event);
  }

  #begin(): void {
    this.#later(this.#config.joinTimeout, { kind: 'deadline', step: 0 });
    void this.#prepare();
  }

  /**
   * Restores the run before any client is let in, as its work needs the model. Every connection died with the
   * earlier coordinator: clients that had one are waited for as long as after any other loss.
   */
  async #takeUp({ replayed, totals }: RecoveredRun, model: RunModelState | null): Promise<void> {
    const { phase, round, seats, prepared } = replayed.state;
    if (model) await this.#runModel.restore(model);
    if (totals) this.#runModel.ledger.carryOver(totals);
    this.#options.log.info(`taking the run up again in round ${round} (${phase})`);
    for (const effect of rearm(this.#config, replayed)) this.#perform(effect);
    for (const { clientId, presence } of seats.values()) {
      if (presence === 'present') this.dispatch({ kind: 'lost', clientId });
    }
    if (!prepared && phase !== 'finished') void this.#prepare();
  }

  #perform(effect: CoordinatorEffect): void {
    switch (effect.kind) {
      case 'seat':
      case 'admit':
      case 'refuseConnection':
      case 'refuse':
      case 'accept':
      case 'ask':
        this.#connections.perform(effect);
        return;
      case 'discard':
        // The blob goes with the next snapshot, which does not name it.
        return;
      case 'startDeadline':
        this.#later(effect.seconds, { kind: 'deadline', step: effect.step });
        return;
      case 'startReturnTimer':
        this.#returnLater(effect);
        return;
      case 'note':
        this.#options.log.info(effect.message);
        return;
      case 'compute':
        void this.#compute(effect);
        return;
      case 'finish':
        void this.#finish(effect);
        return;
    }
  }

  #later(seconds: number, event: CoordinatorEvent): void {
    const cancel = this.#options.schedule(seconds, () => {
      this.#timers.delete(cancel);
      this.dispatch(event);
    });
    this.#timers.add(cancel);
  }

  #returnLater({ seconds, clientId, loss }: Extract<CoordinatorEffect, { kind: 'startReturnTimer' }>): void {
    this.#later(seconds, { kind: 'returnTimeout', clientId, loss });
  }

  async #prepare(): Promise<void> {
    try {
      await this.#runModel.prepare();
      this.#log.dispatch({ kind: 'prepared' }, await this.#runModel.save());
    } catch (error) {
      // Broken off because the run has ended already.
      if (toEspalierError(error).code !== 'aborted') this.#fail(error);
    }
  }

  async #compute(effect: Extract<CoordinatorEffect, { kind: 'compute' }>): Promise<void> {
    try {
      const { phase } = effect;
      const mask = await this.#runModel.compute(effect, this.#log.state.step.cohort.length);
      this.#log.dispatch({ kind: 'computed', phase, mask }, await this.#runModel.save());
    } catch (error) {
      this.#fail(error);
    }
  }

  async #finish({ answers, stopped }: Extract<CoordinatorEffect, { kind: 'finish' }>): Promise<void> {
    this.#cancelTimers();
    this.#runModel.breakOff();
    try {
      await this.#finalModelsSent();
      const result = await this.#runModel.finish(answers, stopped);
      await this.#connections.closeAll(stopped ? 'stopped' : 'finished');
      this.#settle?.resolve(result);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The summary counts the bytes of the final model too; a client that does not take it is not waited for long. */
  async #finalModelsSent(): Promise<void> {
    const { schedule } = this.#options;
    let cancel = (): void => undefined;
    const patience = new Promise<void>((resolve) => {
      cancel = schedule(this.#config.returnTimeout, resolve);
    });
    await Promise.race([this.#connections.sent(), patience]);
    cancel();
  }

  #fail(error: unknown): void {
    this.#dead = true;
    this.#runModel.breakOff();
    this.#log.stop();
    this.#cancelTimers();
    const known = toEspalierError(error);
    this.#options.log.error(known.message);
    void this.#connections.closeAll(known.code);
    this.#settle?.reject(known);
  }

  #cancelTimers(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }
}
