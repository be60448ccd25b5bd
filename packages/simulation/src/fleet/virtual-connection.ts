import { connectionOver, type FrameConnection, type PortEvents } from '@espalier/core';
import type { Timeline } from '../timeline/timeline.js';
import type { Device } from '../devices/device.js';

/** A device's line to the coordinator. */
export interface VirtualConnection {
  readonly device: FrameConnection;
  readonly coordinator: FrameConnection;
  /** Both ends lose it at once, with everything under way. */
  readonly cut: (reason: string) => void;
}

/** What a line needs of the device. */
export type LineSpeed = Pick<Device, 'upBytesPerSecond' | 'downBytesPerSecond' | 'latencySeconds'>;

/**
 * A connection in memory on which frames take virtual time: each way one after another at the line's speed, then its
 * latency. Every byte of every frame is counted at both ends.
 */
export function virtualConnection(timeline: Timeline, peer: string, speed: LineSpeed): VirtualConnection {
  const { upBytesPerSecond, downBytesPerSecond, latencySeconds } = speed;
  const up = new Lane(timeline, upBytesPerSecond, latencySeconds);
  const down = new Lane(timeline, downBytesPerSecond, latencySeconds);
  const device: LineEnd = new LineEnd('coordinator', up, () => coordinator);
  const coordinator: LineEnd = new LineEnd(peer, down, () => device);
  return {
    device: device.connection,
    coordinator: coordinator.connection,
    cut: (reason) => {
      device.events.portClosed(reason);
      coordinator.events.portClosed(reason);
    },
  };
}

/** One direction of a line. */
class Lane {
  readonly #timeline: Timeline;
  readonly #bytesPerSecond: number;
  readonly #latency: number;
  /** When the last frame has left. */
  #busyUntil = 0;

  constructor(timeline: Timeline, bytesPerSecond: number, latency: number) {
    this.#timeline = timeline;
    this.#bytesPerSecond = bytesPerSecond;
    this.#latency = latency;
  }

  carry(bytes: number, arrive: () => void): void {
    const { now } = this.#timeline;
    this.#busyUntil = Math.max(now, this.#busyUntil) + bytes / this.#bytesPerSecond;
    this.#timeline.plan(this.#busyUntil - now + this.#latency, arrive);
  }
}

/** One end: a port whose socket is the other end's list of events. */
class LineEnd {
  readonly connection: FrameConnection;
  readonly events: PortEvents;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(peer: string, lane: Lane, other: () => LineEnd) {
    const { connection, events } = connectionOver({
      peer,
      maxFrameBytes: Infinity,
      emit: (frame, answer) => {
        this.#bytesOut += frame.length;
        // Frames are copied: neither end sees what the other does to its buffer afterwards.
        const copy = new Uint8Array(frame);
        lane.carry(copy.length, () => {
          other().arrived(copy, answer);
        });
      },
      close: (reason) => {
        lane.carry(0, () => {
          other().events.portClosed(reason);
        });
      },
      traffic: () => ({ bytesIn: this.#bytesIn, bytesOut: this.#bytesOut }),
    });
    this.connection = connection;
    this.events = events;
  }

  arrived(frame: Uint8Array, answer: Parameters<PortEvents['frameCame']>[1]): void {
    this.#bytesIn += frame.length;
    this.events.frameCame(frame, answer);
  }
}
