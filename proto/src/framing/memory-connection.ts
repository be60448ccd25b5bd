import { connectionOver, type FrameConnection, type PortEvents } from '@espalier/core';

/** Runs a task later, and tasks in the order given. */
export type Schedule = (task: () => void) => void;

/**
 * Two ends of an asynchronous in-memory connection that counts bytes. Frames are copied, so neither end sees what the
 * other does to its buffer afterwards.
 * @param schedule when things arrive; a microtask unless given (hand in a macrotask to let other work in between)
 */
export function memoryConnectionPair(schedule: Schedule = microtask): [FrameConnection, FrameConnection] {
  const a: MemoryEnd = new MemoryEnd('memory:b', schedule, () => b.events);
  const b: MemoryEnd = new MemoryEnd('memory:a', schedule, () => a.events);
  return [a.connection, b.connection];
}

function microtask(task: () => void): void {
  void Promise.resolve().then(task);
}

/** One end: a port whose socket is the other end's list of events. */
class MemoryEnd {
  readonly connection: FrameConnection;
  readonly events: PortEvents;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(peer: string, schedule: Schedule, other: () => PortEvents) {
    const { connection, events } = connectionOver({
      peer,
      maxFrameBytes: Infinity,
      emit: (frame, answer) => {
        this.#bytesOut += frame.length;
        const copy = new Uint8Array(frame);
        schedule(() => {
          other().frameCame(copy, answer);
        });
      },
      close: (reason) => {
        schedule(() => {
          other().portClosed(reason);
        });
      },
      traffic: () => ({ bytesIn: this.#bytesIn, bytesOut: this.#bytesOut }),
    });
    this.connection = connection;
    this.events = {
      ...events,
      frameCame: (payload, answer) => {
        if (payload instanceof Uint8Array) this.#bytesIn += payload.length;
        events.frameCame(payload, answer);
      },
    };
  }
}
