import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { connectSocket, runClient } from '@espalier/client';
import { inputShape, type Dataset, type ErrorCode } from '@espalier/core';
import {
  PROTOCOL_VERSION,
  type ClientMessage,
  type ClientOutcome,
  type FrameConnection,
  type ServerMessage,
} from '@espalier/core/protocol';
import {
  decodeClientMessage,
  encodeServerMessage,
  openChannel,
  portableHash,
  splitFrames,
  wireContext,
} from '@espalier/proto';
import { serverSamples } from '@espalier/proto/testing';
import { createSocketServer, parseJob, type ConnectionLimits } from '@espalier/server';
import { afterEach, describe, expect, it } from '@jest/globals';
import { clock, hostCoordinator } from './support/in-process.js';
import { stubTrainer } from './support/stub-trainer.js';
import { TINY_JOB } from './support/tiny-job.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const challenge = serverSamples.find(({ name }) => name === 'challenge/procedural-dirichlet')!.message;
const CAP = 262_144;

/** A real socket server whose connections are met by `meet`; and how many came. */
async function listening(
  meet: (connection: FrameConnection) => void,
  limits: Partial<ConnectionLimits> = {},
): Promise<{ url: string; came: () => number }> {
  let count = 0;
  const server = await createSocketServer({
    maxFrameBytes: CAP,
    limits,
    onConnection: (connection) => {
      count++;
      meet(connection);
    },
  }).listen();
  closers.push(() => server.close());
  return { url: server.url, came: () => count };
}

/** Challenges every connection, and answers a join with that message. */
function answering(answer: ServerMessage): (connection: FrameConnection) => void {
  const context = wireContext(challenge.kind === 'challenge' ? challenge.job.graph : null);
  return (connection) => {
    const channel = openChannel<ServerMessage, ClientMessage>(connection, {
      encode: (message) => encodeServerMessage(message, context),
      decode: (bytes) => decodeClientMessage(bytes, context),
      ...{ maxFrameBytes: CAP, maxMessageBytes: CAP, hash: portableHash },
      onMessage: ({ kind }) => {
        if (kind !== 'join') return;
        // The client may be gone before it has acknowledged.
        void channel
          .send(answer)
          .catch(() => undefined)
          .then(() => {
            channel.close('turned away');
          });
      },
      onClose: () => undefined,
      onError: () => undefined,
    });
    void channel.send(challenge).catch(() => undefined);
  };
}

function oneSample(classes: readonly string[], shape: readonly number[]): Dataset {
  const [height = 1, width = 1, channels = 1] = shape;
  const imageShape = [height, width, channels] as const;
  return {
    imageShape,
    classes,
    images: new Uint8Array(height * width * channels),
    labels: new Uint16Array(1),
  };
}

/** A client with a clock that never waits: how it ended, and how long it meant to wait before each try. */
async function outcomeAt(
  url: string,
  token: string | null = null,
): Promise<{ outcome: ClientOutcome; waits: number[] }> {
  const waits: number[] = [];
  const client = runClient({
    connect: () => connectSocket(url),
    loadData: ({ classes, graph }) =>
      Promise.resolve({ train: oneSample(classes, inputShape(graph)), evaluation: null }),
    makeTrainer: () => Promise.resolve(stubTrainer()),
    ...{ token, name: 'newcomer', part: 0, clock },
    profile: { memoryBytes: 0, macsPerSecond: 0, platform: 'test' },
    schedule: (seconds, callback) => {
      waits.push(seconds);
      const timer = setImmediate(callback);
      return () => {
        clearImmediate(timer);
      };
    },
  });
  return { outcome: await client.ended, waits };
}

/** As docs/protocol.md has it, §7. */
const DOCUMENTED = [0.25, 0.5, 1, 2, 4, 8, 15, 15, 15, 15, 15];

function refused(code: ErrorCode): ServerMessage {
  return { kind: 'refused', code, message: `because of ${code}`, facts: {}, fatal: true };
}

describe('a newcomer that is answered ends at once, with the code it was told', () => {
  it.each<ErrorCode>([
    'protocol_version',
    'unauthorized',
    'classes_differ',
    'input_shape',
    'invalid_data',
    'invalid_argument',
    'part_taken',
    'canary_failed',
    'excluded',
    'stopped',
  ])('%s', async (code) => {
    const { url, came } = await listening(answering(refused(code)));
    const { outcome, waits } = await outcomeAt(url);
    expect(outcome).toEqual({ kind: 'failed', code, message: `because of ${code}` });
    expect([came(), waits]).toEqual([1, []]);
  });

  it('unauthorized, by a coordinator with another token', async () => {
    const job = parseJob(TINY_JOB);
    const { coordinator } = await hostCoordinator(job, { token: 'right', trainer: stubTrainer() });
    closers.push(() => {
      coordinator.stop('over');
    });
    const { url, came } = await listening((connection) => {
      coordinator.accept(connection);
    });
    const { outcome } = await outcomeAt(url, 'wrong');
    expect(outcome).toMatchObject({ kind: 'failed', code: 'unauthorized' });
    expect(came()).toBe(1);
  });

  it('limit_exceeded, where its address has no room', async () => {
    const { url } = await listening(() => undefined, { connectionsPerAddress: 1 });
    const first = await connectSocket(url);
    closers.push(() => {
      first.close('over');
    });
    const { outcome, waits } = await outcomeAt(url);
    expect(outcome).toMatchObject({ kind: 'failed', code: 'limit_exceeded' });
    expect(outcome).toMatchObject({ message: expect.stringContaining('--max-connections-per-address') });
    expect(waits).toEqual([]);
  });

  it('protocol_version, by a challenge of another version that it cannot read', async () => {
    // Field 1, a challenge, of version 2 and nothing else that we know.
    const bytes = Uint8Array.of(0x0a, 0x02, 0x08, PROTOCOL_VERSION + 1);
    const { url, came } = await listening((connection) => {
      connection.subscribe({ onFrame: () => undefined, onClose: () => undefined });
      for (const frame of splitFrames(bytes, { transferId: 0, maxFrameBytes: CAP, hash: portableHash }))
        void connection.send(frame).catch(() => undefined);
    });
    const { outcome, waits } = await outcomeAt(url);
    expect(outcome).toMatchObject({ kind: 'failed', code: 'protocol_version' });
    expect([came(), waits]).toEqual([1, []]);
  });
});

describe('a newcomer that is not answered tries again as documented, and no longer', () => {
  it('where nobody listens', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => probe.once('listening', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const { outcome, waits } = await outcomeAt(`http://127.0.0.1:${port}`);
    expect(outcome).toMatchObject({ kind: 'failed', code: 'connection_lost' });
    expect(waits).toEqual(DOCUMENTED);
  });

  it('where every connection breaks before a word', async () => {
    const { url, came } = await listening((connection) => {
      connection.close('no');
    });
    const { outcome, waits } = await outcomeAt(url);
    expect(outcome).toMatchObject({ kind: 'failed', code: 'connection_lost' });
    expect([came(), waits]).toEqual([12, DOCUMENTED]);
  });

  it('where it is sent away each time for having been too slow, and says so in the end', async () => {
    const { url, came } = await listening(answering(refused('limit_exceeded')));
    const { outcome, waits } = await outcomeAt(url);
    expect(outcome).toMatchObject({ kind: 'failed', code: 'limit_exceeded' });
    expect(outcome).toMatchObject({ message: 'because of limit_exceeded (given up after 12 tries)' });
    expect([came(), waits]).toEqual([12, DOCUMENTED]);
  });
});
