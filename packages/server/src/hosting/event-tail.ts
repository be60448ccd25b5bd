import type { WatchedEvent } from '@espalier/core/report';
import type { Log, LogFacts } from '../platform/log.js';

/** Lines kept for the dashboard; the whole log is in the run folder. */
const KEPT = 200;

/** A log that remembers its newest lines and passes every line on. */
export class EventTail implements Log {
  readonly #log: Log;
  readonly #now: () => number;
  #events: readonly WatchedEvent[] = [];

  /**
   * @param now milliseconds since 1970
   */
  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** Oldest first. */
  get events(): readonly WatchedEvent[] {
    return this.#events;
  }

  info(message: string, facts?: LogFacts): void {
    this.#log.info(message, facts);
    this.#keep('info', message);
  }

  warn(message: string, facts?: LogFacts): void {
    this.#log.warn(message, facts);
    this.#keep('warn', message);
  }

  error(message: string, facts?: LogFacts): void {
    this.#log.error(message, facts);
    this.#keep('error', message);
  }

  #keep(level: WatchedEvent['level'], message: string): void {
    this.#events = [...this.#events, { time: this.#now(), level, message }].slice(-KEPT);
  }
}
