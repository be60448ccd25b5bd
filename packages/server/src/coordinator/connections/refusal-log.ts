import type { ConnectionOptions } from './connection-options.js';
import type { LogFacts } from '../../platform/log.js';

/** Lines of one kind from one place that are written in a {@link WINDOW}; the others are counted. */
const WRITTEN = 5;

/** Seconds. */
const WINDOW = 60;

/**
 * Kinds and places counted separately in a window; all others share one, so that many addresses write no
 * more.
 */
const MOST_PLACES = 256;

/** Label under which all refusals beyond that limit are counted. */
const OTHERS = 'any code of many addresses';

/** Lines written of one kind from one place since its window began. */
interface Tally {
  readonly ends: number;
  count: number;
}

/** A line about what somebody did wrong. */
export interface RefusalLine {
  /** Source of the refusal: a client, or the address of a stranger. */
  readonly who: string;
  /** Error code of the refusal. */
  readonly code: string;
  readonly message: string;
  readonly facts: LogFacts;
}

/**
 * Log of refusals. Clients decide how often they are refused, so only the first few lines of a minute are
 * written; the others are counted, in one line at the end of the minute.
 */
export class RefusalLog {
  readonly #options: Pick<ConnectionOptions, 'log' | 'clock' | 'schedule'>;
  readonly #tallies = new Map<string, Tally>();
  #cancel: (() => void) | null = null;

  constructor(options: Pick<ConnectionOptions, 'log' | 'clock' | 'schedule'>) {
    this.#options = options;
  }

  write({ who, code, message, facts }: RefusalLine): void {
    const { log, clock } = this.#options;
    const tally = this.#tallyOf(`${code} of ${who}`, clock());
    tally.count++;
    if (tally.count <= WRITTEN) log.warn(message, facts);
    else
      this.#cancel ??= this.#options.schedule(WINDOW, () => {
        this.#cancel = null;
        this.#sum(false);
      });
  }

  /** Writes what was only counted. */
  close(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#sum(true);
  }

  #tallyOf(place: string, now: number): Tally {
    const known = this.#tallies.get(place);
    if (known && known.ends > now) return known;
    if (known) this.#say(place, known);
    else if (this.#tallies.size >= MOST_PLACES) {
      this.#sum(false);
      if (this.#tallies.size >= MOST_PLACES && place !== OTHERS) return this.#tallyOf(OTHERS, now);
    }
    const tally = { ends: now + WINDOW, count: 0 };
    this.#tallies.set(place, tally);
    return tally;
  }

  /** Says how many there were where a window is over, or everywhere. */
  #sum(everywhere: boolean): void {
    const now = this.#options.clock();
    for (const [place, tally] of this.#tallies) {
      if (!everywhere && tally.ends > now) continue;
      this.#say(place, tally);
      this.#tallies.delete(place);
    }
    const counted = [...this.#tallies.values()].filter(({ count }) => count > WRITTEN);
    if (everywhere || counted.length === 0) return;
    const next = Math.min(...counted.map(({ ends }) => ends));
    this.#cancel ??= this.#options.schedule(next - now, () => {
      this.#cancel = null;
      this.#sum(false);
    });
  }

  #say(place: string, { count }: Tally): void {
    const more = count - WRITTEN;
    if (more <= 0) return;
    this.#options.log.warn(`${more} more refusals in a minute: ${place}`, { refusals: more, place });
  }
}

/** A peer without its port: strangers have as many ports as they like. */
export function addressOf(peer: string): string {
  return peer.replace(/:\d+$/, '');
}
