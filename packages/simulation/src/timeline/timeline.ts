/** Something that happens at a moment of virtual time. */
interface Planned {
  readonly time: number;
  /** Order of planning, which decides between events of equal time. */
  readonly order: number;
  readonly happen: () => void;
  /** Real work that must have ended before it can happen; null for none. */
  readonly after: Promise<unknown> | null;
  cancelled: boolean;
}

/** An event whose moment has come. */
export interface DueEvent {
  readonly happen: () => void;
  readonly after: Promise<unknown> | null;
}

/**
 * Virtual time: events in the order of their moments, then of their planning. It moves only when somebody takes the
 * next event, so what a run computes can never depend on how fast this machine is.
 */
export class Timeline {
  #now = 0;
  #planned = 0;
  /** A binary heap, the next event first. */
  readonly #heap: Planned[] = [];

  /** Seconds since the start. */
  get now(): number {
    return this.#now;
  }

  /**
   * Plans an event that many seconds from now; gives how to cancel it.
   * @param after real work that the event waits for without virtual time passing
   */
  plan(seconds: number, happen: () => void, after: Promise<unknown> | null = null): () => void {
    const time = this.#now + Math.max(0, seconds);
    const event: Planned = { time, order: this.#planned++, happen, after, cancelled: false };
    this.#heap.push(event);
    this.#rise(this.#heap.length - 1);
    return () => {
      event.cancelled = true;
    };
  }

  /** Moves to the next event and gives it; null when nothing is planned. */
  next(): DueEvent | null {
    for (let event = this.#pop(); event !== null; event = this.#pop()) {
      if (event.cancelled) continue;
      this.#now = event.time;
      return event;
    }
    return null;
  }

  #pop(): Planned | null {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return null;
    if (first !== last) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    return first;
  }

  #rise(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#exchange(parent, at)) return;
      at = parent;
    }
  }

  #sink(from: number): void {
    for (let at = from; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const child = this.#before(right, left) ? right : left;
      if (!this.#exchange(at, child)) return;
      at = child;
    }
  }

  /** Puts the two in order; true when they changed places. */
  #exchange(upper: number, lower: number): boolean {
    if (!this.#before(lower, upper)) return false;
    const [a, b] = [this.#heap[upper]!, this.#heap[lower]!];
    this.#heap[upper] = b;
    this.#heap[lower] = a;
    return true;
  }

  #before(a: number, b: number): boolean {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (first === undefined || second === undefined) return first !== undefined;
    return first.time < second.time || (first.time === second.time && first.order < second.order);
  }
}
