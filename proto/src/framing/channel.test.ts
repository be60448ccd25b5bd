import { EspalierError } from '@espalier/core';
import type { FrameConnection } from '@espalier/core/protocol';
import { describe, expect, it } from '@jest/globals';
import { openChannel, type Channel } from './channel.js';
import { memoryConnectionPair } from './memory-connection.js';
import { splitFrames } from './split-frames.js';

const limits = { maxFrameBytes: 256, maxMessageBytes: 100_000 };

/** Messages are texts; `encode` refuses `unspeakable`, `decode` refuses `unreadable`, the handler `unbearable`. */
interface End {
  readonly channel: Channel<string>;
  readonly got: string[];
  readonly errors: EspalierError[];
  readonly closings: string[];
}

function open(connection: FrameConnection): End {
  const got: string[] = [];
  const errors: EspalierError[] = [];
  const closings: string[] = [];
  const channel = openChannel<string, string>(connection, {
    ...limits,
    encode: (message) => {
      if (message === 'unspeakable') throw new EspalierError('invalid_argument', 'not that');
      return Buffer.from(message);
    },
    decode: (bytes) => {
      const message = Buffer.from(bytes).toString();
      if (message === 'unreadable') throw new EspalierError('malformed_message', 'what?');
      return message;
    },
    onMessage: (message) => {
      if (message === 'unbearable') throw new Error('no more');
      got.push(message);
    },
    onClose: (reason) => closings.push(reason),
    onError: (error) => errors.push(error),
  });
  return { channel, got, errors, closings };
}

function pair(): [End, End] {
  const [a, b] = memoryConnectionPair();
  return [open(a), open(b)];
}

/** Lets everything that is under way in memory happen. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a channel', () => {
  it('carries messages of any size in the order of their sending, both ways', async () => {
    const [near, far] = pair();
    const messages = [0, 1, 5000, 20, 185, 186, 187, 60_000].map((length, i) => `${i}`.repeat(length));

    await Promise.all([
      ...messages.map((message) => near.channel.send(message)),
      ...[...messages].reverse().map((message) => far.channel.send(message)),
    ]);

    expect(far.got).toEqual(messages);
    expect(near.got).toEqual([...messages].reverse());
  });

  it('goes on after a message that cannot be decoded', async () => {
    const [near, far] = pair();

    await near.channel.send('unreadable');
    await near.channel.send('good');

    expect(far.errors.map(({ code }) => code)).toEqual(['malformed_message']);
    expect(far.got).toEqual(['good']);
    expect(far.closings).toEqual([]);
  });

  it('goes on after a handler that throws', async () => {
    const [near, far] = pair();

    await near.channel.send('unbearable');
    await near.channel.send('good');

    expect(far.errors.map(({ message }) => message)).toEqual(['[internal] no more']);
    expect(far.got).toEqual(['good']);
  });

  it('rejects only the message that cannot be encoded', async () => {
    const [near, far] = pair();

    const [bad, good] = await Promise.allSettled([
      near.channel.send('unspeakable'),
      near.channel.send('good'),
    ]);

    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'invalid_argument' } });
    expect(good.status).toBe('fulfilled');
    expect(far.got).toEqual(['good']);
  });

  it('closes both ends, with the reason, when the framing breaks', async () => {
    const [a, b] = memoryConnectionPair();
    const far = open(b);
    const closings: string[] = [];
    a.subscribe({ onFrame: () => undefined, onClose: (reason) => closings.push(reason) });
    const frames = [...splitFrames(new Uint8Array(1000), { transferId: 0, maxFrameBytes: 256 })];

    await a.send(frames[0]!);
    await a.send(frames[2]!);
    await settled();

    expect(far.errors.map(({ code }) => code)).toEqual(['transfer_corrupt']);
    expect(far.closings).toHaveLength(1);
    expect(closings).toEqual([far.errors[0]!.message]);
  });

  it('rejects what was queued when it closes, and tells once', async () => {
    const [near, far] = pair();
    const sending = [near.channel.send('x'.repeat(5000)), near.channel.send('after')];

    near.channel.close('enough');
    near.channel.close('enough');
    far.channel.close('me too');
    await settled();

    await Promise.allSettled(sending);
    await expect(near.channel.send('late')).rejects.toMatchObject({ code: 'connection_lost' });
    await expect(far.channel.send('late')).rejects.toMatchObject({ code: 'connection_lost' });
    expect([near.closings, far.closings.length]).toEqual([['enough'], 1]);
  });

  it('loses the messages behind the one under way when the other end goes', async () => {
    const [near, far] = pair();
    const sending = [near.channel.send('x'.repeat(50_000)), near.channel.send('after')];

    far.channel.close('gone');

    for (const outcome of await Promise.allSettled(sending)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'connection_lost' } });
    }
    expect(far.got).toEqual([]);
  });

  it('tells nothing before the call that opened it has returned', async () => {
    const [a, b] = memoryConnectionPair();
    const near = open(a);
    const sending = near.channel.send('early');
    await settled();
    const far = open(b);

    expect(far.got).toEqual([]);
    await sending;
    expect(far.got).toEqual(['early']);
  });

  it('keeps to the limits it was given last', async () => {
    const [near, far] = pair();
    near.channel.setLimits({ maxFrameBytes: 2000 });

    await near.channel.send('x'.repeat(1000));
    await settled();

    expect(far.errors.map(({ code, facts }) => [code, facts['limit']])).toEqual([['frame_too_large', 256]]);
    expect(near.closings).toHaveLength(1);
  });

  it('counts what crossed, framing included', async () => {
    const [near, far] = pair();

    await near.channel.send('x'.repeat(1000));

    // Beside the chunks (five of 186 bytes, one of 70): 52 bytes in the first frame, 15 in four, 14 in the last.
    expect(near.channel.traffic()).toEqual({ bytesIn: 0, bytesOut: 1000 + 126 });
    expect(far.channel.traffic()).toEqual({ bytesIn: 1126, bytesOut: 0 });
  });
});
