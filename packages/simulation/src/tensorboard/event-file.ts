import protobuf from 'protobufjs/minimal.js';
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
  const version = protobuf.Writer.create();
  version.uint32(WALL_TIME).double(events[0]?.wallTime ?? 0);
  version.uint32(FILE_VERSION).string('brain.Event:2');
  return joined([version.finish(), ...events.map(eventMessage)].map(tfRecord));
}

/** A field's number and how it is written, as protobuf's tags have it: 0 a varint, 1 and 5 fixed bytes, 2 a length. */
const tag = (field: number, wireType: 0 | 1 | 2 | 5): number => (field << 3) | wireType;

/** `tensorflow.Event` (event.proto) and the messages in it (summary.proto). */
const WALL_TIME = tag(1, 1);
const STEP = tag(2, 0);
const FILE_VERSION = tag(3, 2);
const SUMMARY = tag(5, 2);
const SUMMARY_VALUE = tag(1, 2);
const VALUE_TAG = tag(1, 2);
const VALUE_SIMPLE = tag(2, 5);

function eventMessage({ step, wallTime, tag: name, value }: ScalarEvent): Uint8Array {
  const writer = protobuf.Writer.create();
  writer.uint32(WALL_TIME).double(wallTime);
  writer.uint32(STEP).int64(step);
  writer.uint32(SUMMARY).fork().uint32(SUMMARY_VALUE).fork();
  writer.uint32(VALUE_TAG).string(name);
  writer.uint32(VALUE_SIMPLE).float(value);
  return writer.ldelim().ldelim().finish();
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
