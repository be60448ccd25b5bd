import { connectionOver, type FrameConnection, type PortEvents } from '@espalier/core/protocol';

/** Runs a task later, and tasks in the order given. */
export type Schedule = (task: () => void) => void;

/** One direction of a line: delivers that number of bytes later, in the order given. */
export type Carry = (bytes: number, arrive: () => void) => void;

/** Facts that an end of a line is told: its peer, and how frames get there. */
export interface LineEndOptions {
  readonly peer: string;
  readonly carry: Carry;
}

/** A connection in memory. */
export interface MemoryLine {
  readonly ends: readonly [FrameConnection, FrameConnection];
  /** Both ends lose it at once, with everything under way. */
  readonly cut: (reason: string) => void;
}

/**
 * Two ends of an asynchronous in-memory connection; both count every byte of every frame. Frames are copied,
 * so neither end sees later changes to the other's buffer.
 */
export function memoryLine(a: LineEndOptions, b: LineEndOptions): MemoryLine {
  const first: MemoryEnd = new MemoryEnd(a, () => second);
  const second: MemoryEnd = new MemoryEnd(b, () => first);
  return {
    ends: [first.connection, second.connection],
    cut: (reason) => {
      first.events.portClosed(reason);
      second.events.portClosed(reason);
    },
  };
}

/**
 * A line without length.
 * @param schedule schedules arrivals; default: a microtask (pass a macrotask to let other work run in
 * between)
 */
export function memoryConnectionPair(
  schedule: Schedule = microtask,
): readonly [FrameConnection, FrameConnection] {
  const carry: Carry = (_bytes, arrive) => {
    schedule(arrive);
  };
  return memoryLine({ peer: 'memory:b', carry }, { peer: 'memory:a', carry }).ends;
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

  constructor({ peer, carry }: LineEndOptions, other: () => MemoryEnd) {
    const { connection, events } = connectionOver({
      peer,
      maxFrameBytes: Infinity,
      emit: (frame, answer) => {
        this.#bytesOut += frame.length;
        const copy = new Uint8Array(frame);
        carry(copy.length, () => {
          other().#arrived(copy, answer);
        });
      },
      close: (reason) => {
        carry(0, () => {
          other().events.portClosed(reason);
        });
      },
      traffic: () => ({ bytesIn: this.#bytesIn, bytesOut: this.#bytesOut }),
    });
    this.connection = connection;
    this.events = events;
  }

  #arrived(frame: Uint8Array, answer: Parameters<PortEvents['frameCame']>[1]): void {
    this.#bytesIn += frame.length;
    this.events.frameCame(frame, answer);
  }
}
