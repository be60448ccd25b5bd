import { EspalierError, isEspalierError } from '@espalier/core';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { damaged } from '../testing/arbitraries.js';
import { v1, writeWire } from '../wire.js';
import { FrameAssembler } from './frame-assembler.js';
import { splitFrames } from './split-frames.js';

const limits = { maxFrameBytes: 1024, maxMessageBytes: 100_000 };

/** Bytes that differ from place to place. */
function message(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255);
}

function split(length: number, transferId = 0, maxFrameBytes = 1024): Uint8Array[] {
  return [...splitFrames(message(length), { transferId, maxFrameBytes })];
}

function errorOf(action: () => unknown): EspalierError {
  try {
    action();
  } catch (error) {
    if (isEspalierError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a message cut into frames', () => {
  it('comes back whole, and no frame is above the cap', () => {
    fc.assert(
      fc.property(
        fc.nat(20_000),
        fc.integer({ min: 256, max: 5000 }),
        fc.constantFrom(0, 1, 0xffffffff),
        (length, maxFrameBytes, transferId) => {
          const assembler = new FrameAssembler({ maxFrameBytes, maxMessageBytes: length });
          const frames = split(length, transferId, maxFrameBytes);
          const results = frames.map((frame) => assembler.push(frame));

          expect(Math.max(...frames.map((frame) => frame.length))).toBeLessThanOrEqual(maxFrameBytes);
          expect(frames).toHaveLength(Math.max(1, Math.ceil(length / (maxFrameBytes - 70))));
          expect(results.slice(0, -1).every((result) => result === null)).toBe(true);
          expect(Buffer.compare(results.at(-1)!, message(length))).toBe(0);
        },
      ),
      { numRuns: 150, seed: 6 },
    );
  });

  it.each([
    [0, [1, 46]],
    [100, [1, 150]],
    [954, [1, 1006]],
    [955, [2, 1006, 15]],
  ])('of %p bytes fills %p (frames, bytes of each)', (length, expected) => {
    const frames = split(length);

    expect([frames.length, ...frames.map((frame) => frame.length)]).toEqual(expected);
  });

  it('follows the one before it', () => {
    const assembler = new FrameAssembler(limits);

    for (const length of [3000, 0, 5, 3000]) {
      const results = split(length, length).map((frame) => assembler.push(frame));
      expect(results.at(-1)).toEqual(message(length));
    }
  });

  it.each([255, 0, -1, 300.5, NaN])('cannot be cut to %p bytes', (maxFrameBytes) => {
    expect(errorOf(() => splitFrames(message(10), { transferId: 0, maxFrameBytes })).code).toBe(
      'invalid_argument',
    );
  });
});

describe('the assembler refuses', () => {
  const [first = new Uint8Array(), second = new Uint8Array(), third = new Uint8Array()] = split(2500, 7);
  const frame = (bytes: Uint8Array): v1.Frame.$Shape => v1.Frame.decode(bytes);
  const spoilt = (bytes: Uint8Array, change: v1.Frame.$Properties): Uint8Array =>
    writeWire(v1.Frame, { ...frame(bytes), ...change });
  const header = frame(first).header!;

  it.each<[string, Uint8Array[], string]>([
    ['a frame above the cap', [new Uint8Array(1025)], 'frame_too_large'],
    [
      'a claimed length above the limit',
      [spoilt(first, { header: { ...header, totalBytes: 2 ** 32 - 1 } })],
      'frame_too_large',
    ],
    ['what is no frame', [Uint8Array.of(255, 255)], 'malformed_message'],
    [
      'a hash of the wrong length',
      [spoilt(first, { header: { totalBytes: 9, sha256: new Uint8Array(9) } })],
      'malformed_message',
    ],
    ['a second frame without a first', [second], 'transfer_corrupt'],
    ['a frame left out', [first, third], 'transfer_corrupt'],
    ['a frame twice', [first, second, second], 'transfer_corrupt'],
    ['a frame of another transfer', [first, split(2500, 8)[1]!], 'transfer_corrupt'],
    ['a beginning within a transfer', [first, split(10, 8)[0]!], 'transfer_corrupt'],
    ['a first frame that is not number 0', [spoilt(first, { index: 1 })], 'transfer_corrupt'],
    ['an empty frame', [first, spoilt(second, { chunk: new Uint8Array() })], 'transfer_corrupt'],
    [
      'more bytes than announced',
      [spoilt(first, { header: { ...header, totalBytes: 10 } })],
      'transfer_corrupt',
    ],
    [
      'bytes that do not have their check',
      [first, spoilt(second, { chunk: new Uint8Array(20) })],
      'transfer_corrupt',
    ],
    [
      'a whole that does not have its hash',
      [spoilt(first, { header: { totalBytes: 954, sha256: new Uint8Array(32) } })],
      'transfer_corrupt',
    ],
  ])('%s', (_, frames, code) => {
    const assembler = new FrameAssembler(limits);
    const last = frames.at(-1)!;
    for (const earlier of frames.slice(0, -1)) expect(assembler.push(earlier)).toBeNull();

    expect(errorOf(() => assembler.push(last)).code).toBe(code);
  });

  it('and takes a fresh transfer afterwards', () => {
    const assembler = new FrameAssembler(limits);
    assembler.push(first);
    expect(errorOf(() => assembler.push(third)).code).toBe('transfer_corrupt');

    expect(assembler.push(split(10, 9)[0]!)).toEqual(message(10));
  });

  it('new limits from the next frame on', () => {
    const assembler = new FrameAssembler(limits);
    assembler.setLimits({ maxFrameBytes: 300, maxMessageBytes: 200 });

    expect(errorOf(() => assembler.push(first)).facts).toEqual({ got: first.length, limit: 300 });
    expect(errorOf(() => assembler.push(split(201, 1, 256)[0]!)).facts).toEqual({ got: 201, limit: 200 });
  });

  it('or, whatever is done to a frame, never gives another message', () => {
    const frames = split(1500);
    const anyDamage = fc
      .nat(frames.length - 1)
      .chain((at) =>
        damaged(frames[at]!).map((bytes) => frames.map((original, i) => (i === at ? bytes : original))),
      );
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(anyDamage, (stream) => {
        const assembler = new FrameAssembler(limits);
        try {
          for (const bytes of stream) {
            const result = assembler.push(bytes);
            if (result !== null) expect(result).toEqual(message(1500));
          }
        } catch (error) {
          if (!isEspalierError(error)) throw error;
          outcomes.add(error.code);
        }
      }),
      { numRuns: 500, seed: 7 },
    );
    expect([...outcomes].sort()).toEqual(['malformed_message', 'transfer_corrupt']);
  });
});
