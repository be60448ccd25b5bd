import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { CoordinatorStatus } from '../coordinator/index.js';

/** A run's figures for Prometheus, beside the process's own: memory, event-loop lag, garbage collection. */
export class MetricsPage {
  readonly #registry = new Registry();
  readonly #round = this.#gauge('espalier_round', 'Rounds closed so far');
  readonly #rounds = this.#gauge('espalier_rounds', 'Rounds of the job');
  readonly #clients = this.#gauge('espalier_clients', 'Clients by state', ['state']);
  readonly #bytes = this.#gauge('espalier_bytes', 'Bytes that crossed connections', ['direction']);
  readonly #aggregation = this.#gauge('espalier_aggregation_seconds', 'Seconds spent aggregating', ['of']);
  readonly #refusals = this.#gauge('espalier_refusals', 'Messages refused, by error code', ['code']);

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The page, in the text format of Prometheus. */
  async text({ round, rounds, clients, bytes, refusals, aggregation }: CoordinatorStatus): Promise<string> {
    this.#round.set(round);
    this.#rounds.set(rounds);
    for (const state of ['present', 'away', 'gone'] as const) {
      this.#clients.set({ state }, clients.filter(({ presence }) => presence === state).length);
    }
    this.#clients.set({ state: 'resting' }, clients.filter(({ resting }) => resting).length);
    this.#clients.set({ state: 'excluded' }, clients.filter(({ excluded }) => excluded).length);
    this.#aggregation.set({ of: 'lastRound' }, aggregation.last);
    this.#aggregation.set({ of: 'allRounds' }, aggregation.total);
    this.#bytes.set({ direction: 'up' }, bytes.up);
    this.#bytes.set({ direction: 'down' }, bytes.down);
    for (const [code, count] of Object.entries(refusals)) this.#refusals.set({ code }, count);
    return this.#registry.metrics();
  }

  #gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }
}
