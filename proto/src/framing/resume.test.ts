import { describe, expect, it } from '@jest/globals';
import type { FrameConnection } from '@espalier/core/protocol';
import { openChannel, type Channel } from './channel.js';
import type { UnfinishedTransfer } from './frame-assembler.js';
import { memoryConnectionPair } from './memory-connection.js';

const LIMITS = { maxFrameBytes: 1000, maxMessageBytes: 100_000 };
const message = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7 + (i >> 8)) % 256);

interface End {
  readonly channel: Channel<Uint8Array>;
  readonly received: Uint8Array[];
  readonly closed: Promise<string>;
}

function open(connection: FrameConnection, maxFrameBytes = LIMITS.maxFrameBytes): End {
  const received: Uint8Array[] = [];
  let close: (reason: string) => void = () => undefined;
  const closed = new Promise<string>((resolve) => (close = resolve));
  const channel = openChannel<Uint8Array, Uint8Array>(connection, {
    ...LIMITS,
    maxFrameBytes,
    encode: (bytes) => bytes,
    decode: (bytes) => bytes.slice(),
    onMessage: (bytes) => received.push(bytes),
    onClose: close,
    onError: (error) => {
      close(error.message);
    },
  });
  return { channel, received, closed };
}

/** A connection that breaks when that many frames have been sent over it. */
function breaking(
  connection: FrameConnection,
  frames: number,
): FrameConnection & { readonly sent: () => number } {
  let sent = 0;
  return {
    ...connection,
    sent: () => sent,
    send: (frame) => {
      if (sent === frames) connection.close('cable cut');
      else sent++;
      return connection.send(frame);
    },
  };
}

/** Sends the message over a line that breaks after `frames` frames; gives the part that arrived. */
async function interrupted(frames: number, first: Uint8Array = message): Promise<UnfinishedTransfer | null> {
  const [a, b] = memoryConnectionPair();
  const [sender, receiver] = [open(breaking(a, frames)), open(b)];
  await expect(sender.channel.send(first)).rejects.toThrow('[connection_lost]');
  await receiver.closed;
  return receiver.channel.unfinished();
}

/** Sends the message again to a receiver that holds that part of it; gives the number of frames it took. */
async function again(held: UnfinishedTransfer | null, sent = message, cap?: number): Promise<number> {
  const [a, b] = memoryConnectionPair();
  const line = breaking(a, Infinity);
  const [sender, receiver] = [open(line, cap), open(b)];
  if (held) receiver.channel.resume(held);
  await receiver.channel.send(Uint8Array.of(1));
  await sender.channel.send(sent);
  expect(receiver.received).toEqual([sent]);
  expect(sender.received).toEqual([Uint8Array.of(1)]);
  return line.sent();
}

const WHOLE = Math.ceil(message.length / (LIMITS.maxFrameBytes - 70));

describe('a message whose connection broke', () => {
  it.each([1, 7, WHOLE - 1])('goes on after %p frames', async (frames) => {
    const held = await interrupted(frames);
    expect(held?.offer.chunks).toBe(frames);
    expect(await again(held)).toBe(WHOLE - frames);
  });

  it('goes on over as many connections as it takes', async () => {
    let held: UnfinishedTransfer | null = await interrupted(5);
    for (let sum = 5; sum < 20; sum += 5) {
      const [a, b] = memoryConnectionPair();
      const [sender, receiver] = [open(breaking(a, 5)), open(b)];
      receiver.channel.resume(held!);
      await receiver.channel.send(Uint8Array.of(1));
      await sender.channel.send(message).catch(() => undefined);
      await receiver.closed;
      held = receiver.channel.unfinished();
      expect(held?.offer.chunks).toBe(sum + 5);
    }
    expect(await again(held)).toBe(WHOLE - 20);
  });

  it('is held while smaller ones come, also over a connection that it never got to', async () => {
    const held = await interrupted(5);
    const [a, b] = memoryConnectionPair();
    const [sender, receiver] = [open(a), open(b)];
    receiver.channel.resume(held!);
    await sender.channel.send(Uint8Array.of(1, 2, 3));
    sender.channel.close('broken again');
    await receiver.closed;
    expect(await again(receiver.channel.unfinished())).toBe(WHOLE - 5);
  });

  it('is sent whole where nothing is held, another message comes, or it is cut otherwise', async () => {
    expect(await again(null)).toBe(WHOLE);
    const held = await interrupted(5);
    const other = message.slice().reverse();
    expect(await again(held, other)).toBe(WHOLE);
    expect(await again(await interrupted(5), message, 500)).toBe(Math.ceil(message.length / 430));
  });

  it('holds nothing where no message was under way', async () => {
    const [a, b] = memoryConnectionPair();
    const [sender, receiver] = [open(a), open(b)];
    await sender.channel.send(message);
    sender.channel.close('done');
    await receiver.closed;
    expect(receiver.channel.unfinished()).toBeNull();
  });
});
