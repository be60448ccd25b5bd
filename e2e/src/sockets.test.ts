import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { connectSocket } from '@espalier/client';
import type { FrameConnection } from '@espalier/core/protocol';
import { transportContract } from '@espalier/proto/testing';
import { createSocketServer, type ListeningServer } from '@espalier/server';
import { io } from 'socket.io-client';

transportContract('a socket.io connection over loopback', async () => {
  const accepted: FrameConnection[] = [];
  const maxFrameBytes = 256 * 1024;
  const server = await createSocketServer({
    maxFrameBytes,
    onConnection: (end) => accepted.push(end),
  }).listen();
  const client = await connectSocket(server.url);
  const [serverEnd] = accepted;
  if (!serverEnd) throw new Error('the client is connected and the server does not know');
  const dispose = (): Promise<void> => {
    client.close('the test is over');
    return server.close();
  };
  return { ends: [client, serverEnd], dispose };
});

const CAP = 8192;
const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server that hands out the connections it accepts, in order. */
async function listening(): Promise<{ server: ListeningServer; accept: () => Promise<FrameConnection> }> {
  const accepted: FrameConnection[] = [];
  const waiting: ((connection: FrameConnection) => void)[] = [];
  const onConnection = (connection: FrameConnection): void => {
    const next = waiting.shift();
    if (next) next(connection);
    else accepted.push(connection);
  };
  const server = await createSocketServer({ maxFrameBytes: CAP, onConnection }).listen();
  closers.push(() => server.close());
  const accept = (): Promise<FrameConnection> => {
    const first = accepted.shift();
    return first ? Promise.resolve(first) : new Promise((resolve) => waiting.push(resolve));
  };
  return { server, accept };
}

async function connected(): Promise<{ server: FrameConnection; client: FrameConnection; url: string }> {
  const { server, accept } = await listening();
  const client = await connectSocket(server.url);
  closers.push(() => {
    client.close('the test is over');
  });
  return { server: await accept(), client, url: server.url };
}

/** Frames that a connection gives its subscriber, and a promise of its close. */
function listen(connection: FrameConnection): { frames: Uint8Array[]; closed: Promise<string> } {
  const frames: Uint8Array[] = [];
  const closed = new Promise<string>((resolve) => {
    connection.subscribe({ onFrame: (frame) => void frames.push(frame), onClose: resolve });
  });
  return { frames, closed };
}

/** A client of another make, which sends what it likes. */
function stranger(url: string): ReturnType<typeof io> {
  const socket = io(url, { transports: ['websocket'], reconnection: false, forceNew: true });
  closers.push(() => void socket.disconnect());
  return socket;
}

describe('frames over loopback', () => {
  it('cross both ways, whole and in order', async () => {
    const { server, client } = await connected();
    const [atServer, atClient] = [listen(server), listen(client)];
    const frames = [0, 1, 2, 3].map((i) => new Uint8Array(CAP >> i).fill(i));

    await Promise.all(frames.flatMap((frame) => [client.send(frame), server.send(frame)]));

    expect(atServer.frames).toEqual(frames);
    expect(atClient.frames).toEqual(frames);
  });

  it('are the viewed bytes alone when a frame is a view into more', async () => {
    const { server, client } = await connected();
    const { frames } = listen(server);

    await client.send(Uint8Array.of(9, 1, 2, 9).subarray(1, 3));

    expect(frames).toEqual([Uint8Array.of(1, 2)]);
  });

  it('are counted at the TCP socket, the same at both ends, framing included', async () => {
    const { server, client } = await connected();
    listen(server);
    await client.send(new Uint8Array(1));
    const before = { server: server.traffic(), client: client.traffic() };
    await client.send(new Uint8Array(CAP));
    const after = { server: server.traffic(), client: client.traffic() };

    const cost = after.server.bytesIn - before.server.bytesIn;
    expect(cost).toBeGreaterThan(CAP);
    expect(cost).toBeLessThan(CAP + 100);
    expect(before.server.bytesIn).toBeGreaterThan(100);
    expect(after.client.bytesOut).toBe(after.server.bytesIn);
    expect(after.client.bytesIn).toBe(after.server.bytesOut);
  });
});

describe('closing', () => {
  it.each(['client', 'server'] as const)(
    'by the %s tells both ends, and fails later sends',
    async (closer) => {
      const ends = await connected();
      const [atServer, atClient] = [listen(ends.server), listen(ends.client)];

      ends[closer].close('enough');

      expect(await Promise.all([atServer.closed, atClient.closed])).toContain('enough');
      await expect(ends.client.send(new Uint8Array(1))).rejects.toThrow('[connection_lost]');
      await expect(ends.server.send(new Uint8Array(1))).rejects.toThrow('[connection_lost]');
    },
  );

  it('of the whole server fails a send that nobody took', async () => {
    const { server, accept } = await listening();
    const client = await connectSocket(server.url);
    await accept();
    const sending = client.send(new Uint8Array(1));
    const failed = expect(sending).rejects.toThrow('[connection_lost]');

    await server.close();

    await failed;
  });
});

describe('what is no frame', () => {
  it.each([CAP + 1, CAP + 100_000])(
    '%p bytes are refused with their code, and the connection ends',
    async (bytes) => {
      const { server, client } = await connected();
      const [atServer, atClient] = [listen(server), listen(client)];

      await expect(client.send(new Uint8Array(bytes))).rejects.toThrow('[frame_too_large]');

      await Promise.all([atServer.closed, atClient.closed]);
      expect(atServer.frames).toEqual([]);
    },
  );

  it('too large a frame never leaves the server', async () => {
    const { server, client } = await connected();
    const { frames } = listen(client);

    await expect(server.send(new Uint8Array(CAP + 1))).rejects.toThrow('[frame_too_large]');
    await server.send(new Uint8Array(1));

    expect(frames).toHaveLength(1);
  });

  it.each([
    ['text', 'hello'],
    ['nothing', undefined],
    ['a tree', { deep: [Uint8Array.of(1)] }],
  ])('%s is refused with its code, and the connection ends', async (_, payload) => {
    const { server, accept } = await listening();
    const socket = stranger(server.url);
    const ended = new Promise((resolve) => socket.once('disconnect', resolve));
    const answered = new Promise((resolve) => socket.emit('frame', payload, resolve));
    const { frames } = listen(await accept());

    expect(await answered).toBe('malformed_message');
    await ended;
    expect(frames).toEqual([]);
  });

  it('a frame without an acknowledgement is taken, an acknowledgement out of the blue ignored', async () => {
    const { server, accept } = await listening();
    const socket = stranger(server.url);
    const { frames } = listen(await accept());
    socket.emit('frame', Uint8Array.of(1));

    await new Promise((resolve) => socket.emit('frame', Uint8Array.of(2), resolve));

    expect(frames).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
  });
});

describe('reaching each other', () => {
  it('is refused on a taken port, naming it', async () => {
    const { server } = await listening();
    const port = Number(new URL(server.url).port);
    const second = createSocketServer({ maxFrameBytes: CAP, onConnection: () => undefined });

    await expect(second.listen({ port })).rejects.toThrow(`[port_in_use] port ${port} on 127.0.0.1 is taken`);
  });

  it('frees the port on close', async () => {
    const { server } = await listening();
    const port = Number(new URL(server.url).port);
    await server.close();

    const again = await createSocketServer({ maxFrameBytes: CAP, onConnection: () => undefined }).listen({
      port,
    });
    closers.push(() => again.close());

    expect(again.url).toBe(server.url);
  });

  it('fails where nobody listens', async () => {
    const { server } = await listening();
    await server.close();

    await expect(connectSocket(server.url)).rejects.toThrow(
      `[connection_lost] no coordinator answers at ${server.url} (connect ECONNREFUSED`,
    );
  });

  it('fails where something else listens', async () => {
    const http = createServer((_, response) => response.writeHead(404).end());
    await new Promise<void>((resolve) => http.listen({ host: '127.0.0.1', port: 0 }, resolve));
    closers.push(() => void http.close());
    const address = http.address();
    const port = typeof address === 'object' ? address?.port : undefined;

    await expect(connectSocket(`http://127.0.0.1:${port}`)).rejects.toThrow('[connection_lost]');
  });

  it.each(['', 'localhost', '127.0.0.1:80', 'ftp://localhost'])('%p is no address', async (url) => {
    await expect(connectSocket(url)).rejects.toThrow('[invalid_argument]');
  });

  it('cannot listen on an address of another machine', async () => {
    const server = createSocketServer({ maxFrameBytes: CAP, onConnection: () => undefined });

    await expect(server.listen({ host: '192.0.2.1' })).rejects.toThrow(
      '[invalid_argument] cannot listen on 192.0.2.1',
    );
  });
});
