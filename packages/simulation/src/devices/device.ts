import type { Participant } from '@espalier/core/round';

/** A simulated device, as far as time and memory go. */
export interface Device {
  /** Its kind, for logs and tables. */
  readonly kind: string;
  /** Multiply-accumulates a second in training; Infinity takes no time. */
  readonly macsPerSecond: number;
  /** Bytes its trainer may use; Infinity for no limit. */
  readonly memoryBytes: number;
  /** Towards the coordinator; Infinity takes no time. */
  readonly upBytesPerSecond: number;
  readonly downBytesPerSecond: number;
  /** Seconds that a frame takes one way, whatever its size. */
  readonly latencySeconds: number;
  /** Means of the exponentially distributed spells in which it is there and away; null when it is always there. */
  readonly availability: { readonly onSeconds: number; readonly offSeconds: number } | null;
  /** Probability, per round it trains in, that it loses its connection and its work on the way. */
  readonly dropOut: number;
}

/** A device that takes no time and never fails: for runs that ask about accuracy and bytes alone. */
export const idealDevice: Device = {
  kind: 'ideal',
  macsPerSecond: Infinity,
  memoryBytes: Infinity,
  upBytesPerSecond: Infinity,
  downBytesPerSecond: Infinity,
  latencySeconds: 0,
  availability: null,
  dropOut: 0,
};

/**
 * Returns a device's report of itself: bytes, and multiply-accumulates a second; 0 for unknown or unlimited.
 */
export function deviceProfile({
  memoryBytes,
  macsPerSecond,
}: Pick<Device, 'memoryBytes' | 'macsPerSecond'>): Participant['profile'] {
  return { memoryBytes: finite(memoryBytes), macsPerSecond: finite(macsPerSecond) };
}

function finite(value: number): number {
  return Number.isFinite(value) ? Math.floor(value) : 0;
}
