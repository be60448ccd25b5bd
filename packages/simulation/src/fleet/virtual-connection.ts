import { memoryLine, type MemoryLine } from '@espalier/proto';
import type { Timeline } from '../timeline/timeline.js';
import type { Device } from '../devices/device.js';

/** Properties of a device that its line depends on. */
export type LineSpeed = Pick<Device, 'upBytesPerSecond' | 'downBytesPerSecond' | 'latencySeconds'>;

/**
 * A connection in memory on which frames take virtual time: each way one after another at the line's speed, then its
 * latency. The device's end comes first.
 */
export function virtualConnection(timeline: Timeline, peer: string, speed: LineSpeed): MemoryLine {
  const { upBytesPerSecond, downBytesPerSecond, latencySeconds } = speed;
  const up = new Lane(timeline, upBytesPerSecond, latencySeconds);
  const down = new Lane(timeline, downBytesPerSecond, latencySeconds);
  return memoryLine(
    {
      peer: 'coordinator',
      carry: (bytes, arrive) => {
        up.carry(bytes, arrive);
      },
    },
    {
      peer,
      carry: (bytes, arrive) => {
        down.carry(bytes, arrive);
      },
    },
  );
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
