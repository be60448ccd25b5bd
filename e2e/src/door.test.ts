import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerChallenge, connectSocket } from '@espalier/client';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { EspalierError, Job } from '@espalier/core';
import type { FrameConnection } from '@espalier/core/protocol';
import { memoryConnectionPair } from '@espalier/proto';
import {
  createSocketServer,
  parseJob,
  StateFolder,
  TokenBook,
  type ConnectionLimits,
} from '@espalier/server';
import type { Coordinator } from '@espalier/server/coordinator';
import { io, type Socket } from 'socket.io-client';
import { hostCoordinator, schedule as platformSchedule } from './support/in-process.js';
import { Puppet } from './support/puppet.js';
import { upgraded as openedByHand } from './support/raw-socket.js';
import { stubTrainer } from './support/stub-trainer.js';
import { TINY_JOB } from './support/tiny-job.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server with those limits that reads incoming messages, and the clients it refused. */
async function listening(
  limits: Partial<ConnectionLimits>,
): Promise<{ url: string; refused: EspalierError[] }> {
  const refused: EspalierError[] = [];
  const server = await createSocketServer({
    maxFrameBytes: 4096,
    limits,
    onRefusal: (error) => refused.push(error),
    onConnection: (connection) => {
      connection.subscribe({ onFrame: () => undefined, onClose: () => undefined });
    },
  }).listen();
  closers.push(() => server.close());
  return { url: server.url, refused };
}

/** A bare socket, as of a stranger; with the reason why it could not connect. */
function stranger(url: string, headers: Record<string, string> = {}): Promise<Socket | Error> {
  const socket = io(url, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    extraHeaders: headers,
  });
  closers.push(() => void socket.disconnect());
  return new Promise((resolve) => {
    socket.once('connect', () => {
      resolve(socket);
    });
    socket.once('connect_error', resolve);
  });
}

/** Opens a WebSocket by hand and leaves it at that; gives the status of the answer. */
async function upgraded(url: string, headers: Record<string, string> = {}): Promise<number> {
  const { status, end } = await openedByHand(url, headers);
  closers.push(end);
  return status;
}

describe('pages of other origins', () => {
  it.each([
    ['no page at all', {}, [], true],
    ['a page of somebody else', { origin: 'https://evil.example' }, [], false],
    ['a page of nowhere', { origin: 'null' }, [], false],
    ['a page that is allowed', { origin: 'https://good.example' }, ['https://good.example'], true],
    ['any page where all are', { origin: 'https://evil.example' }, ['*'], true],
  ])('%s', async (_, headers, origins, allowed) => {
    const { url, refused } = await listening({ origins });
    const came = await stranger(url, headers);
    expect(came instanceof Error).toBe(!allowed);
    expect(refused.map(({ code }) => code)).toEqual(allowed ? [] : ['unauthorized']);
  });

  it('a page of the coordinator itself', async () => {
    const { url } = await listening({});
    expect(await stranger(url, { origin: url })).not.toBeInstanceOf(Error);
  });
});

describe('a name that leads here from elsewhere', () => {
  it.each([
    ['evil.example', 421, ['unauthorized']],
    ['localhost', 101, []],
    ['train.example', 101, []],
  ])('%s: %p', async (host, status, codes) => {
    const { url, refused } = await listening({ publicUrls: ['https://train.example'] });
    expect(await upgraded(url, { host })).toBe(status);
    expect(refused.map(({ code }) => code)).toEqual(codes);
  });
});

describe('limits of a connection', () => {
  it('counts connections by address, and forgets those that have gone', async () => {
    const { url, refused } = await listening({ connectionsPerAddress: 2 });
    const first = await connectSocket(url);
    const gone = new Promise<void>((resolve) => {
      first.subscribe({
        onFrame: () => undefined,
        onClose: () => {
          resolve();
        },
      });
    });
    await connectSocket(url).then((connection) =>
      closers.push(() => {
        connection.close('over');
      }),
    );
    await expect(connectSocket(url)).rejects.toThrow(
      /^\[limit_exceeded\] 127\.0\.0\.1 has 2 connections already: close some, or raise --max-connections-per-address$/,
    );
    expect(refused.map(({ code }) => code)).toEqual(['limit_exceeded']);
    first.close('enough');
    await gone;
    for (let came = false; !came;) {
      // The server hears of the close a moment later than we do.
      came = await connectSocket(url).then(
        (connection) => {
          closers.push(() => {
            connection.close('over');
          });
          return true;
        },
        () => false,
      );
    }
  });

  it('tells few at a time that there is no room, and keeps none of them', async () => {
    const { url, refused } = await listening({ connectionsPerAddress: 1 });
    const first = await connectSocket(url);
    closers.push(() => {
      first.close('over');
    });
    // Not one of them asks to hear the reason: they only sit there.
    const idle = await Promise.all(Array.from({ length: 12 }, () => upgraded(url)));
    expect(idle.filter((status) => status === 101)).toHaveLength(8);
    expect(refused.map(({ code }) => code)).toEqual(Array.from({ length: 12 }, () => 'limit_exceeded'));
    await expect(connectSocket(url)).rejects.toThrow('[connection_lost]');
  });

  it('counts connections from the first byte, before they say anything', async () => {
    const { url, refused } = await listening({ connectionsPerAddress: 3 });
    const opened = await Promise.all(Array.from({ length: 3 }, () => upgraded(url)));
    expect(opened).toEqual([101, 101, 101]);
    await expect(connectSocket(url)).rejects.toThrow('[limit_exceeded]');
    expect(refused).toHaveLength(1);
  });

  it('cuts off who sends on without waiting, and tells why', async () => {
    const { url, refused } = await listening({ bytesInFlight: 20_000, framesPerSecond: 1 });
    const socket = await stranger(url);
    if (socket instanceof Error) throw socket;
    const answers: unknown[] = [];
    const closed = new Promise((resolve) => socket.once('disconnect', resolve));
    for (let i = 0; i < 100; i++)
      socket.emit('frame', new Uint8Array(1000), (answer: unknown) => answers.push(answer));
    await closed;
    expect(answers.filter((answer) => answer !== null)).toEqual(['limit_exceeded']);
    expect(refused.map(({ code }) => code)).toEqual(['limit_exceeded']);
  });

  it('slows down who sends too fast and waits, and loses nothing', async () => {
    const { url, refused } = await listening({ framesPerSecond: 40 });
    const connection = await connectSocket(url);
    closers.push(() => {
      connection.close('over');
    });
    const began = performance.now();
    for (let i = 0; i < 50; i++) await connection.send(new Uint8Array(10));
    expect(performance.now() - began).toBeGreaterThan(300);
    expect(refused).toEqual([]);
  });
});

const JOB = parseJob(TINY_JOB, {
  overrides: [
    'numClients=1',
    'quorum=1',
    'rounds=20',
    'pool.size=1',
    'pruning.interval=0',
    'roundTimeout=1000',
  ],
});

/** A coordinator whose clock is turned by hand: timers go off when told to. */
async function guarded(job: Job = JOB): Promise<{
  coordinator: Coordinator;
  book: TokenBook;
  connect: () => Puppet;
  pass: (seconds: number) => void;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-door-'));
  const state = await StateFolder.open(folder, { keepUpdates: false });
  const book = new TokenBook(state.database);
  const timers = new Set<{ seconds: number; callback: () => void }>();
  const schedule = (seconds: number, callback: () => void): (() => void) => {
    if (seconds === 0) return platformSchedule(0, callback);
    const timer = { seconds, callback };
    timers.add(timer);
    return () => timers.delete(timer);
  };
  const { coordinator } = await hostCoordinator(job, {
    trainer: stubTrainer(),
    options: { admission: book, schedule, handshakeSeconds: 30 },
  });
  closers.push(async () => {
    coordinator.stop('over');
    await coordinator.ended.catch(() => undefined);
    await state.close();
    await rm(folder, { recursive: true, force: true });
  });
  const connect = (): Puppet => {
    const [near, far] = memoryConnectionPair();
    coordinator.accept(near);
    return new Puppet(far);
  };
  const pass = (seconds: number): void => {
    for (const timer of [...timers]) {
      if (timer.seconds !== seconds || !timers.delete(timer)) continue;
      timer.callback();
    }
  };
  return { coordinator, book, connect, pass };
}

/** Joins with that token, or with an answer that was heard elsewhere. */
async function joinWith(
  puppet: Puppet,
  token: string,
  overheard: Uint8Array | null = null,
  part = 0,
): Promise<Uint8Array> {
  const challenge = await puppet.next('challenge');
  puppet.received.push(challenge);
  const answer = overheard ?? answerChallenge(token, challenge.nonce);
  await puppet.send(await puppet.joinMessage(part, { answer }));
  return answer;
}

/** Messages that say something of the model. */
const modelBytes = ({ received }: Puppet): string[] =>
  received
    .map(({ kind }) => kind)
    .filter((kind) => ['pool', 'poolMoments', 'train', 'finish'].includes(kind));

describe('who has no right never gets a byte of the model', () => {
  it('with a forged token, a revoked one, or an answer that was overheard', async () => {
    const { book, connect } = await guarded();
    const token = book.create('one', new Date());
    const revoked = book.create('two', new Date());
    book.revoke(revoked.split('.')[0]!, new Date());
    const overheard = await joinWith(connect(), token);
    for (const [shown, answer] of [
      [`${token.split('.')[0]!}.${'x'.repeat(43)}`, null],
      [revoked, null],
      [token, overheard],
    ] as const) {
      const puppet = connect();
      await joinWith(puppet, shown, answer);
      expect(await puppet.next('refused')).toMatchObject({ code: 'unauthorized', fatal: true });
      expect(modelBytes(puppet)).toEqual([]);
    }
  });

  it('once its token is revoked: it is dropped, silent or not', async () => {
    for (const silent of [true, false]) {
      const { book, connect, pass } = await guarded();
      const token = book.create('one', new Date());
      const puppet = connect();
      await joinWith(puppet, token);
      await puppet.proveStub();
      const train = await puppet.next('train');
      // Its acknowledgement is on its way back; a connection with the model under way would be cut without a word.
      await new Promise((resolve) => setImmediate(resolve));
      book.revoke(token.split('.')[0]!, new Date());
      if (silent) pass(2);
      else await puppet.send({ kind: 'update', update: puppet.emptyUpdate(train) });
      expect(await puppet.next('refused')).toMatchObject({ code: 'unauthorized', fatal: true });
      await puppet.gone();
      expect(modelBytes(puppet)).toEqual([]);
    }
  });
});

describe('a stranger', () => {
  it('that does not join in time is told so and let go', async () => {
    const { connect, pass, coordinator } = await guarded();
    const puppet = connect();
    await puppet.next('challenge');
    pass(30);
    expect(await puppet.next('refused')).toMatchObject({ code: 'limit_exceeded', fatal: true });
    expect(coordinator.status().refusals).toEqual({ limit_exceeded: 1 });
  });

  it('may not send large frames', async () => {
    const { coordinator } = await guarded();
    const [near, far] = memoryConnectionPair();
    coordinator.accept(near);
    const closed = new Promise<string>((resolve) => {
      far.subscribe({ onFrame: () => undefined, onClose: resolve });
    });
    await far.send(new Uint8Array(64 * 1024 + 1)).catch(() => undefined);
    expect(await closed).toContain('frame_too_large');
  });
});

describe('a client that stops reading', () => {
  it('costs the memory of a few messages, then its connection, and nobody their job', async () => {
    const fleet = { numClients: 2, clientsPerRound: 2, quorum: 0.5, restAfter: 0, rounds: 40 };
    // Every step that it is silent in ends at a deadline: one step a round is enough here.
    const job = { ...JOB, ...fleet, momentMode: { kind: 'pooled' as const } };
    const { coordinator, book, connect, pass } = await guarded(job);
    const token = book.create('both', new Date());
    const deaf = deafened();
    coordinator.accept(deaf.near);
    const [silent, good] = [new Puppet(deaf.far), connect()];
    for (const [part, puppet] of [silent, good].entries()) {
      await joinWith(puppet, token, null, part);
      await puppet.proveStub();
    }
    deaf.stop();
    let rounds = 0;
    for (; silent.closed === null && rounds < job.rounds - 1; rounds++) {
      const train = await good.next('train');
      await good.send({ kind: 'update', update: good.emptyUpdate(train) });
      await good.next('accepted');
      pass(job.roundTimeout);
    }
    expect(rounds).toBeLessThan(20);
    expect(deaf.mostWaiting()).toBe(1);
    expect((await good.next('train')).round).toBe(rounds);
  });
});

/** A connection whose far end can stop taking frames. */
function deafened(): {
  near: FrameConnection;
  far: FrameConnection;
  stop: () => void;
  mostWaiting: () => number;
} {
  const [near, far] = memoryConnectionPair();
  let isDeaf = false;
  let waiting = 0;
  let most = 0;
  const send = (frame: Uint8Array): Promise<void> => {
    if (!isDeaf) return near.send(frame);
    most = Math.max(most, ++waiting);
    return new Promise(() => undefined);
  };
  return {
    near: { ...near, send },
    far,
    stop: () => {
      isDeaf = true;
    },
    mostWaiting: () => most,
  };
}
