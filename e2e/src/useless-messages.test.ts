import { afterEach, describe, expect, it } from '@jest/globals';
import type { EspalierError } from '@espalier/core';
import { createSocketServer } from '@espalier/server';
import { answered, upgraded, webSocketFrame } from './support/raw-socket.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A server that accepts every connection, and the errors of those it refused. */
async function listening(): Promise<{ url: string; refused: EspalierError[] }> {
  const refused: EspalierError[] = [];
  const { url, close } = await createSocketServer({
    maxFrameBytes: 4096,
    onRefusal: (error) => refused.push(error),
    onConnection: (connection) => {
      connection.subscribe({ onFrame: () => undefined, onClose: () => undefined });
    },
  }).listen();
  closers.push(close);
  return { url, refused };
}

describe('messages besides frames', () => {
  it.each([
    ['events of another name', 1, '42["x"]'],
    ['events of names that emitters have', 1, '42["error"]'],
    ['acknowledgements of nothing', 1, '437[null]'],
    ['other namespaces', 1, '40/x,'],
    ['heartbeats', 1, '3'],
    ['pings of the WebSocket', 9, 'x'],
    ['pongs of the WebSocket', 10, 'x'],
  ])('%s: a few are borne, more end the connection', async (_, opcode, text) => {
    const { url, refused } = await listening();
    const { socket } = await upgraded(url);
    if (!socket) throw new Error('not opened');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await answered(socket, webSocketFrame(1, '40'), '40{"sid"');
    const few = Array.from({ length: 10 }, () => webSocketFrame(opcode, text));
    // Answered once the server has read everything before it.
    await answered(socket, Buffer.concat([...few, webSocketFrame(1, '420["y"]')]), '430["not_expected"]');
    expect(refused.map(({ code }) => code)).not.toContain('limit_exceeded');
    socket.write(Buffer.concat(Array.from({ length: 40 }, () => webSocketFrame(opcode, text))));
    await closed;
    expect(refused.filter(({ code }) => code === 'limit_exceeded')).toHaveLength(1);
    expect(refused.length).toBeLessThan(32);
  });

  it('takes over no session that another connection has begun', async () => {
    const { url } = await listening();
    expect((await upgraded(url, {}, '&sid=x')).status).toBe(404);
  });
});
