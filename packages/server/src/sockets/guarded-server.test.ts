import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { EspalierError } from '@espalier/core';
import { GuardedServer } from './guarded-server.js';
import { DEFAULT_LIMITS, type ConnectionLimits } from './limits.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A server whose handlers do what the path says, and what it refused. */
async function guarded(
  limits: Partial<ConnectionLimits> = {},
): Promise<{ port: number; refused: EspalierError[] }> {
  const refused: EspalierError[] = [];
  const server = new GuardedServer({
    limits: { ...DEFAULT_LIMITS, ...limits },
    tls: null,
    onRequest: answer,
    onUpgrade: () => {
      throw new Error('no upgrade');
    },
    onRefusal: (error) => refused.push(error),
  });
  const url = await server.listen({});
  closers.push(() => server.close());
  return { port: Number(new URL(url).port), refused };
}

function answer({ url }: IncomingMessage, response: ServerResponse): void | Promise<void> {
  if (url === '/throw') throw new Error('thrown');
  if (url === '/reject') return Promise.reject(new Error('rejected'));
  if (url === '/late') {
    response.write('some');
    throw new Error('after the head');
  }
  // Never answered.
  if (url === '/wait') return undefined;
  response.end('ok');
  return undefined;
}

/**
 * Sends those bytes and returns everything received until the server closes or the connection falls silent.
 */
async function ask(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
  socket.write(text);
  await once(socket, 'close');
  return heard;
}

const HEAD = 'HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n';

describe('a guarded server', () => {
  it.each([
    ['/throw', 500, 'thrown'],
    ['/reject', 500, 'rejected'],
    ['//', 400, '"//"'],
    ['/\\', 400, ''],
    ['//@/', 400, ''],
    ['http://a:99999/', 400, ''],
    ['http://evil.example/', 421, 'evil.example'],
  ])('answers %s with %p, says why, and goes on', async (path, status, why) => {
    const { port, refused } = await guarded();
    const heard = await ask(port, `GET ${path} ${HEAD}\r\n`);
    expect(heard).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(JSON.parse(heard.split('\r\n\r\n')[1]!)).toMatchObject({ code: refused[0]?.code });
    // What went wrong inside is for the log, not for strangers.
    expect(heard.includes('thrown') || heard.includes('rejected')).toBe(false);
    expect(refused.map(({ message }) => message)).toEqual([expect.stringContaining(why)]);
    expect(await ask(port, `GET / ${HEAD}\r\n`)).toMatch(/^HTTP\/1.1 200 [^]*ok/);
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['a header of 20,000 letters', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ])('answers %s', async (_, text, status) => {
    const { port } = await guarded();
    expect(await ask(port, text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it('ends an answer that fails halfway, and a connection whose upgrade fails', async () => {
    const { port, refused } = await guarded();
    // Without the last chunk nobody takes it for whole.
    expect(await ask(port, `GET /late ${HEAD}\r\n`)).not.toContain('0\r\n\r\n');
    const upgrade = HEAD.replace('close', 'Upgrade\r\nUpgrade: websocket');
    expect(await ask(port, `GET /x ${upgrade}\r\n`)).toMatch(/^HTTP\/1.1 500 /);
    expect(refused.map(({ code }) => code)).toEqual(['internal', 'internal']);
  });

  it('cuts who asks more at a time than it waits for', async () => {
    const { port, refused } = await guarded();
    await ask(port, 'GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(9));
    expect(refused.map(({ code }) => code)).toEqual(['limit_exceeded']);
  });

  it('counts silent connections, whose oldest makes way for who speaks', async () => {
    const { port, refused } = await guarded({ connections: 20, connectionsPerAddress: 1 });
    const silent = Array.from({ length: 40 }, () => connect(port, '127.0.0.1'));
    let closed = 0;
    const enough = new Promise<void>((resolve) => {
      for (const socket of silent) {
        socket.on('error', () => undefined);
        socket.on('close', () => {
          if (++closed === 23) resolve();
        });
      }
    });
    await enough;
    expect(refused).toHaveLength(23);
    expect(await ask(port, `GET / ${HEAD}\r\n`)).toMatch(/^HTTP\/1.1 200 /);
    for (const socket of silent) socket.destroy();
  });
});
