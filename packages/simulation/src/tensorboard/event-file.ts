import { tfRecord } from './record.js';

/** One figure of one step. */
export interface ScalarEvent {
  readonly step: number;
  /** Seconds since 1970, as TensorBoard shows them; any origin will do for differences. */
  readonly wallTime: number;
  readonly tag: string;
  readonly value: number;
}

/** A TensorBoard event file of scalars: `tensorflow.Event` messages as TFRecords, the version first. */
export function eventFile(events: readonly ScalarEvent[]): Uint8Array {
  const version = message(double(1, events[0]?.wallTime ?? 0), text(3, 'brain.Event:2'));
  const records = [version, ...events.map(eventMessage)].map(tfRecord);
  return joined(records);
}

/** Event: wall_time = 1, step = 2, summary = 5; Summary: value = 1; Value: tag = 1, simple_value = 2. */
function eventMessage({ step, wallTime, tag, value }: ScalarEvent): Uint8Array {
  const summary = message(embedded(1, message(text(1, tag), float(2, value))));
  return message(double(1, wallTime), varintField(2, step), embedded(5, summary));
}

function message(...fields: readonly Uint8Array[]): Uint8Array {
  return joined(fields);
}

function double(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = (field << 3) | 1;
  new DataView(bytes.buffer).setFloat64(1, value, true);
  return bytes;
}

function float(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = (field << 3) | 5;
  new DataView(bytes.buffer).setFloat32(1, value, true);
  return bytes;
}

function varintField(field: number, value: number): Uint8Array {
  return Uint8Array.of(field << 3, ...varint(value));
}

function text(field: number, value: string): Uint8Array {
  return embedded(field, new TextEncoder().encode(value));
}

function embedded(field: number, bytes: Uint8Array): Uint8Array {
  return joined([Uint8Array.of((field << 3) | 2, ...varint(bytes.length)), bytes]);
}

function varint(value: number): readonly number[] {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left];
    bytes.push((left % 128) | 128);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
