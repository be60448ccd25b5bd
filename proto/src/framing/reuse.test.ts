import { describe, expect, it } from '@jest/globals';
import { BufferPool } from './buffer-pool.js';
import { openChannel } from './channel.js';
import { FrameAssembler } from './frame-assembler.js';
import { memoryConnectionPair } from './memory-connection.js';
import { PreparedMessage } from './prepared-message.js';
import { splitFrames } from './split-frames.js';

const limits = { maxFrameBytes: 8192, maxMessageBytes: 1_000_000 };

function message(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 255);
}

describe('a pool of buffers', () => {
  it('gives memory again, of the length asked for, and nothing much too large', () => {
    const pool = new BufferPool();
    const buffer = new Uint8Array(40_000);
    pool.give(buffer);

    expect(pool.take(19_000)).toBeNull();
    expect(pool.take(50_000)).toBeNull();
    const taken = pool.take(30_000);
    expect(taken?.length).toBe(30_000);
    expect(taken?.buffer).toBe(buffer.buffer);
    expect(pool.take(30_000)).toBeNull();
  });

  it('keeps no more than it may, and nothing small', () => {
    const pool = new BufferPool(50_000);
    for (const length of [100, 40_000, 40_000]) pool.give(new Uint8Array(length));

    expect(pool.take(80)).toBeNull();
    expect(pool.take(40_000)).not.toBeNull();
    expect(pool.take(40_000)).toBeNull();
  });

  it('serves transfers, whose bytes are right whatever was there before', () => {
    const pool = new BufferPool();
    const assembler = new FrameAssembler(limits, { pool });
    const memories = [90_000, 70_000, 90_000].map((length, seed) => {
      const frames = [...splitFrames(message(length, seed), { transferId: seed, maxFrameBytes: 8192 })];
      const whole = frames.map((frame) => assembler.push(frame)).at(-1)!;
      expect(Buffer.compare(whole, message(length, seed))).toBe(0);
      pool.give(whole);
      return whole.buffer;
    });

    expect(new Set(memories).size).toBe(1);
  });
});

describe('a message prepared once', () => {
  it('reaches several channels whole, between their own messages', async () => {
    const text = message(20_000, 3);
    const prepared = new PreparedMessage(text);
    const heard = await Promise.all(
      [0, 1, 2].map(async (own) => {
        const [near, far] = memoryConnectionPair();
        const got: Uint8Array[] = [];
        const options = {
          ...limits,
          encode: (bytes: Uint8Array) => bytes,
          decode: (bytes: Uint8Array) => bytes,
          onClose: () => undefined,
          onError: (error: Error) => {
            throw error;
          },
        };
        openChannel<Uint8Array, Uint8Array>(far, { ...options, onMessage: (bytes) => got.push(bytes) });
        const channel = openChannel<Uint8Array, Uint8Array>(near, { ...options, onMessage: () => undefined });
        for (let i = 0; i < own; i++) await channel.send(Uint8Array.of(i));
        await channel.sendPrepared(prepared);
        await channel.send(Uint8Array.of(99));
        return got.map((bytes) => (bytes.length === 1 ? bytes[0] : Buffer.compare(bytes, text)));
      }),
    );

    expect(heard).toEqual([
      [0, 99],
      [0, 0, 99],
      [0, 1, 0, 99],
    ]);
  });

  it('shares frames among connections at the same transfer', () => {
    const prepared = new PreparedMessage(message(20_000, 1));

    expect(prepared.frames(4, 8192)).toBe(prepared.frames(4, 8192));
    expect(prepared.frames(5, 8192)).not.toBe(prepared.frames(4, 8192));
  });
});
