import { describe, expect, it } from '@jest/globals';
import { eventFile } from './event-file.js';
import { crc32c, tfRecord } from './record.js';

describe('TFRecords', () => {
  it('are checked by CRC-32C, whose check value is that of the standard', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
    // RFC 3720, B.4: 32 bytes of zeros.
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  });

  it('hold length, masked checksum, data, masked checksum', () => {
    const record = tfRecord(Uint8Array.of(1, 2, 3));
    const view = new DataView(record.buffer);
    expect(record).toHaveLength(12 + 3 + 4);
    expect(view.getBigUint64(0, true)).toBe(3n);
    const crc = crc32c(record.subarray(0, 8));
    expect(view.getUint32(8, true)).toBe((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
    expect([...record.subarray(12, 15)]).toEqual([1, 2, 3]);
  });
});

describe('an event file', () => {
  it('begins with its version and has an event for every scalar, as the message is laid out', () => {
    const file = eventFile([{ step: 300, wallTime: 2, tag: 'a', value: 0.5 }]);
    const view = new DataView(file.buffer);
    const first = Number(view.getBigUint64(0, true));
    expect(new TextDecoder().decode(file.subarray(12 + 11, 12 + first))).toBe('brain.Event:2');

    const second = 12 + first + 4;
    const length = Number(view.getBigUint64(second, true));
    const event = file.subarray(second + 12, second + 12 + length);
    // wall_time 2.0, step 300 as a varint, summary { value { tag "a", simple_value 0.5 } }.
    expect([...event]).toEqual([
      ...[0x09, 0, 0, 0, 0, 0, 0, 0, 0x40],
      ...[0x10, 0xac, 0x02],
      ...[0x2a, 10, 0x0a, 8, 0x0a, 1, 0x61, 0x15, 0, 0, 0, 0x3f],
    ]);
    expect(file).toHaveLength(second + 12 + length + 4);
  });
});
