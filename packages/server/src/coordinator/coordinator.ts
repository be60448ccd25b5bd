import {
  coordinatorConfig,
  initialCoordinatorState,
  pendingRequests,
  reduceCoordinator,
  toEspalierError,
  type CoordinatorConfig,
  type CoordinatorEffect,
  type CoordinatorEvent,
  type CoordinatorState,
  type FrameConnection,
} from '@espalier/core';
import { CoordinatorDesk } from './desk.js';
import type { CoordinatorOptions, CoordinatorStatus, RunResult } from './options.js';
import { Workshop } from './workshop.js';

/**
 * The coordinator without sockets: feeds events to core's reducer and performs its effects. It decides nothing itself.
 * Connections are handed in by {@link accept}.
 */
export class Coordinator {
  /** Resolves with the result; rejects with the EspalierError that ended the run. */
  readonly ended: Promise<RunResult>;
  readonly #options: CoordinatorOptions;
  readonly #config: CoordinatorConfig;
  readonly #desk: CoordinatorDesk;
  readonly #workshop: Workshop;
  readonly #timers = new Set<() => void>();
  #state: CoordinatorState;
  #settle: { resolve: (result: RunResult) => void; reject: (error: unknown) => void } | null = null;

  constructor(options: CoordinatorOptions) {
    const { job, graph } = options;
    this.#options = options;
    this.#config = coordinatorConfig(job, { evaluatesOnClients: options.testData === null });
    this.#workshop = new Workshop(options, graph);
    this.#desk = new CoordinatorDesk(options, graph, this.#workshop, {
      state: () => this.#state,
      dispatch: (event) => {
        this.dispatch(event);
      },
      pendingRequests: (clientId) => pendingRequests(this.#config, this.#state, clientId),
    });
    this.ended = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    const { state, effects } = initialCoordinatorState(this.#config);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    void this.#prepare();
  }

  /** Takes a connection in: sends the challenge, then follows the protocol. */
  accept(connection: FrameConnection): void {
    this.#desk.open(connection);
  }

  /** Finishes what is being computed, keeps the model reached, and ends. */
  stop(reason: string): void {
    this.dispatch({ kind: 'stop', reason });
  }

  /** For people and probes. */
  status(): CoordinatorStatus {
    const { phase, round, seats, step } = this.#state;
    return {
      phase,
      round,
      rounds: this.#config.rounds,
      clients: [...seats.values()].map(({ clientId, name, partitionIndex, samples, presence, admitted }) => ({
        clientId,
        name,
        partitionIndex,
        samples,
        presence,
        admitted,
        answered: step.answers.has(clientId),
      })),
    };
  }

  /** One event through the reducer; its effects are performed before this returns. */
  dispatch(event: CoordinatorEvent): void {
    try {
      this.#options.store.event(event);
      const { state, effects } = reduceCoordinator(this.#config, this.#state, event);
      this.#state = state;
      for (const effect of effects) this.#perform(effect);
    } catch (error) {
      this.#fail(error);
    }
  }

  #perform(effect: CoordinatorEffect): void {
    switch (effect.kind) {
      case 'seat':
      case 'admit':
      case 'refuseConnection':
      case 'refuse':
      case 'accept':
      case 'ask':
        this.#desk.perform(effect);
        return;
      case 'discard':
        this.#workshop.discard(effect.payload);
        return;
      case 'startDeadline':
        this.#later(effect.seconds, { kind: 'deadline', step: effect.step });
        return;
      case 'startReturnTimer':
        this.#later(effect.seconds, { kind: 'returnTimeout', clientId: effect.clientId });
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

  async #prepare(): Promise<void> {
    try {
      await this.#workshop.prepare();
      this.dispatch({ kind: 'prepared' });
    } catch (error) {
      this.#fail(error);
    }
  }

  async #compute(effect: Extract<CoordinatorEffect, { kind: 'compute' }>): Promise<void> {
    try {
      const mask = await this.#workshop.compute(effect, this.#state.step.cohort.length);
      this.dispatch({ kind: 'computed', phase: effect.phase, mask });
    } catch (error) {
      this.#fail(error);
    }
  }

  async #finish({ answers, stopped }: Extract<CoordinatorEffect, { kind: 'finish' }>): Promise<void> {
    this.#cancelTimers();
    try {
      const result = await this.#workshop.finish(answers, stopped);
      await this.#desk.closeAll(stopped ? 'stopped' : 'finished');
      this.#settle?.resolve(result);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#cancelTimers();
    const known = toEspalierError(error);
    this.#options.log.error(known.message);
    void this.#desk.closeAll(known.code);
    this.#settle?.reject(known);
  }

  #cancelTimers(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }
}
