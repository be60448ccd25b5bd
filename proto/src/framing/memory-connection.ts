import { EspalierError, type ConnectionHandlers, type FrameConnection, type Traffic } from '@espalier/core';

/** Runs a task later, and tasks in the order given. */
export type Schedule = (task: () => void) => void;

/**
 * Two ends of an asynchronous in-memory connection that counts bytes. Frames are copied, so neither end sees what the
 * other does to its buffer afterwards.
 * @param schedule when frames arrive; a microtask unless given (hand in a macrotask to let other work in between)
 */
export function memoryConnectionPair(schedule: Schedule = microtask): [FrameConnection, FrameConnection] {
  const a = new MemoryEnd('memory:a', schedule);
  const b = new MemoryEnd('memory:b', schedule);
  a.join(b);
  b.join(a);
  return [a, b];
}

function microtask(task: () => void): void {
  void Promise.resolve().then(task);
}

/** A frame that the receiver has not taken yet. */
interface Waiting {
  readonly frame: Uint8Array;
  readonly taken: () => void;
  readonly lost: (error: EspalierError) => void;
}

class MemoryEnd implements FrameConnection {
  #other: MemoryEnd | null = null;
  #handlers: ConnectionHandlers | null = null;
  #inbox: Waiting[] = [];
  #closed: string | null = null;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(
    readonly peer: string,
    private readonly schedule: Schedule,
  ) {}

  join(other: MemoryEnd): void {
    this.#other = other;
  }

  send(frame: Uint8Array): Promise<void> {
    if (this.#closed !== null) return Promise.reject(lost(this.#closed));
    this.#bytesOut += frame.length;
    return new Promise((taken, failed) => {
      this.#other?.arrive({ frame: new Uint8Array(frame), taken, lost: failed });
    });
  }

  subscribe(handlers: ConnectionHandlers): void {
    if (this.#handlers !== null) throw new EspalierError('internal', 'a connection is subscribed to once');
    this.#handlers = handlers;
    this.#inbox.forEach(() => {
      this.#deliverLater();
    });
    if (this.#closed !== null) this.#tellClosed(this.#closed);
  }

  close(reason: string): void {
    this.shut(reason);
    this.#other?.shut(reason);
  }

  traffic(): Traffic {
    return { bytesIn: this.#bytesIn, bytesOut: this.#bytesOut };
  }

  arrive(waiting: Waiting): void {
    this.#inbox.push(waiting);
    this.#deliverLater();
  }

  shut(reason: string): void {
    if (this.#closed !== null) return;
    this.#closed = reason;
    for (const waiting of this.#inbox.splice(0)) waiting.lost(lost(reason));
    this.#tellClosed(reason);
  }

  #deliverLater(): void {
    const handlers = this.#handlers;
    if (handlers === null) return;
    this.schedule(() => {
      const next = this.#inbox.shift();
      if (next === undefined) return;
      this.#bytesIn += next.frame.length;
      handlers.onFrame(next.frame);
      next.taken();
    });
  }

  #tellClosed(reason: string): void {
    const handlers = this.#handlers;
    if (handlers === null) return;
    this.schedule(() => {
      handlers.onClose(reason);
    });
  }
}

function lost(reason: string): EspalierError {
  return new EspalierError('connection_lost', `the connection is closed: ${reason}`);
}
