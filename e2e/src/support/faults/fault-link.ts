import {
  connectionOver,
  type FrameAnswer,
  type FrameConnection,
  type PortEvents,
} from '@espalier/core/protocol';
import type { FrameFault } from './scenario.js';
import type { VirtualTime } from './virtual-time.js';

/** Seconds after which an end that hears nothing gives the connection up, as heartbeats do. */
const PING_TIMEOUT = 30;

/** Seconds a frame takes on a good day. */
const LATENCY = 0.02;

/** The way between a client and the coordinator, over all its connections. */
export class LinkConditions {
  /** Added to every frame's way. */
  slowness = 0;
  /** Nothing arrives before. */
  stalledUntil = 0;
  /** For the next frames, one each. */
  readonly faults: FrameFault[] = [];
  readonly #cuts = new Set<() => void>();

  /** Closes every connection; both ends are told. */
  cut(): void {
    for (const cut of [...this.#cuts]) cut();
  }

  onCut(cut: () => void): void {
    this.#cuts.add(cut);
  }

  forget(cut: () => void): void {
    this.#cuts.delete(cut);
  }
}

/** Two ends of a connection that behaves as the conditions have it; the same bytes as on any other. */
export function faultyPair(
  time: VirtualTime,
  conditions: LinkConditions,
): readonly [FrameConnection, FrameConnection] {
  const cut = (): void => {
    conditions.forget(cut);
    time.stir();
    near.events.portClosed('cut');
    far.events.portClosed('cut');
  };
  const near: FaultyEnd = new FaultyEnd({ time, conditions, cut, other: () => far.events });
  const far: FaultyEnd = new FaultyEnd({ time, conditions, cut, other: () => near.events });
  conditions.onCut(cut);
  return [near.connection, far.connection];
}

interface EndParts {
  readonly time: VirtualTime;
  readonly conditions: LinkConditions;
  readonly cut: () => void;
  readonly other: () => PortEvents;
}

class FaultyEnd {
  readonly connection: FrameConnection;
  readonly events: PortEvents;
  readonly #parts: EndParts;
  #arrival = 0;
  #held: (() => void) | null = null;
  #bytes = 0;

  constructor(parts: EndParts) {
    this.#parts = parts;
    const { connection, events } = connectionOver({
      peer: 'faulty',
      maxFrameBytes: Infinity,
      emit: (frame, answer) => {
        this.#emit(new Uint8Array(frame), answer);
      },
      close: (reason) => {
        this.#later(() => {
          this.#parts.other().portClosed(reason);
        });
      },
      traffic: () => ({ bytesIn: 0, bytesOut: this.#bytes }),
    });
    this.connection = connection;
    this.events = events;
  }

  #emit(frame: Uint8Array, answer: FrameAnswer): void {
    const { time, conditions, cut, other } = this.#parts;
    this.#bytes += frame.length;
    time.stir();
    switch (conditions.faults.shift()) {
      case undefined:
        this.#deliver(frame, answer);
        return;
      case 'drop':
        time.schedule(PING_TIMEOUT, cut);
        return;
      case 'duplicate':
        this.#deliver(frame, answer);
        this.#deliver(frame, () => undefined);
        return;
      case 'reorder':
        this.#hold(frame, answer);
        return;
      case 'truncate':
        this.#deliver(frame.subarray(0, frame.length >> 1), answer);
        return;
      case 'corrupt':
        frame[frame.length >> 1]! ^= 0x10;
        this.#deliver(frame, answer);
        return;
      case 'disconnect':
        cut();
        return;
      case 'halfOpen':
        // This end notices; the other one waits for a heartbeat.
        time.schedule(PING_TIMEOUT, () => {
          other().portClosed('ping timeout');
        });
        this.events.portClosed('cut on one side');
        return;
    }
  }

  /** Delivers a frame after the next one, or a second late if there is none. */
  #hold(frame: Uint8Array, answer: FrameAnswer): void {
    const release = (): void => {
      if (this.#held !== release) return;
      this.#held = null;
      this.#deliver(frame, answer);
    };
    this.#held = release;
    this.#parts.time.schedule(1, release);
  }

  #deliver(frame: Uint8Array, answer: FrameAnswer): void {
    this.#later(() => {
      this.#parts.other().frameCame(frame, (refusal) => {
        this.#parts.time.schedule(LATENCY, () => {
          this.#parts.time.stir();
          answer(refusal);
        });
      });
    });
    this.#held?.();
  }

  /** In order, however long the way is just now. */
  #later(action: () => void): void {
    const { time, conditions } = this.#parts;
    const due = Math.max(time.now + LATENCY + conditions.slowness, conditions.stalledUntil, this.#arrival);
    this.#arrival = due;
    time.schedule(due - time.now, () => {
      time.stir();
      action();
    });
  }
}
