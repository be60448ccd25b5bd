import { execFileSync } from 'node:child_process';
import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connectSocket, runClient } from '@espalier/client';
import { prepareClientData } from '@espalier/client-node';
import { buildModel } from '@espalier/core';
import {
  PROTOCOL_VERSION,
  type ClientJob,
  type ClientMessage,
  type ClientOutcome,
  type ServerMessage,
} from '@espalier/core/protocol';
import { decodeClientMessage, encodeServerMessage, openChannel, wireContext } from '@espalier/proto';
import { createSocketServer, type ListeningServer } from '@espalier/server';
import { stubTrainer } from './support/stub-trainer.js';

const SECRET = 'root:x:0:0:the-secret';
const honest: ClientJob = {
  name: 'honest',
  seed: 1,
  numClients: 2,
  classes: ['0', '1'],
  graph: buildModel({ name: 'mlp', width: 2 }, [8, 8, 1], 2),
  data: { kind: 'idx', samplesPerClass: null, testSamplesPerClass: null, testFraction: 0 },
  partition: { kind: 'iid' },
  serverSamplesPerClass: 0,
  normalization: { mean: [0], std: [1] },
  developmentFraction: 0.1,
  evaluationFraction: 0,
  maxFrameBytes: 4096,
};

let folder: string;
let server: ListeningServer | null = null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-hostile-'));
  const data = join(folder, 'data');
  await mkdir(data);
  const idx = (...shape: number[]): Buffer => {
    const head = Buffer.from([0, 0, 8, shape.length, ...shape.flatMap((extent) => [0, 0, 0, extent])]);
    const size = shape.reduce((product, extent) => product * extent, 1);
    return Buffer.concat([head, Buffer.from(Array.from({ length: size }, (_, i) => i % 2))]);
  };
  await writeFile(join(data, 'train-images-idx3-ubyte'), idx(20, 4, 4));
  await writeFile(join(data, 'train-labels-idx1-ubyte'), idx(20));
  await writeFile(join(folder, 'secret.txt'), SECRET);
  await writeFile(join(data, 'inside.txt'), SECRET);
  await symlink(join(folder, 'secret.txt'), join(data, 'out'));
  for (const pipe of ['pipe', 'data/pipe']) execFileSync('mkfifo', [join(folder, pipe)]);
});
afterEach(async () => {
  await server?.close();
  server = null;
  await rm(folder, { recursive: true, force: true });
});

interface Met {
  readonly outcome: ClientOutcome;
  /** Messages that the coordinator received. */
  readonly told: readonly ClientMessage[];
}

/** A client of the data folder at a coordinator that asks for that job, until the client leaves or joins. */
async function meets(job: ClientJob, withData = true): Promise<Met> {
  const told: ClientMessage[] = [];
  const joined: { stop: () => void } = { stop: () => undefined };
  server = await createSocketServer({
    maxFrameBytes: 2 ** 22,
    onConnection: (connection) => {
      const context = wireContext(honest.graph);
      const channel = openChannel<ServerMessage, ClientMessage>(connection, {
        encode: (message) => encodeServerMessage(message, context),
        decode: (bytes) => decodeClientMessage(bytes, context),
        maxFrameBytes: 2 ** 22,
        maxMessageBytes: 2 ** 22,
        onMessage: (message) => {
          told.push(message);
          if (message.kind === 'join') joined.stop();
        },
        onClose: () => undefined,
        onError: () => undefined,
      });
      const nonce = new Uint8Array(32);
      void channel
        .send({ kind: 'challenge', protocolVersion: PROTOCOL_VERSION, nonce, job })
        .catch(() => undefined);
    },
  }).listen();
  const { url } = server;
  const client = runClient({
    connect: () => connectSocket(url),
    loadData: (asked) =>
      prepareClientData(asked, { folder: withData ? join(folder, 'data') : null, part: 0 }),
    makeTrainer: () => Promise.resolve(stubTrainer()),
    token: null,
    name: 'client',
    part: null,
    profile: { memoryBytes: 1e9, macsPerSecond: 0, platform: 'test' },
    schedule: (_, callback) => {
      const timer = setTimeout(callback, 1);
      return () => {
        clearTimeout(timer);
      };
    },
    clock: () => 0,
  });
  joined.stop = () => {
    client.stop('enough');
  };
  return { outcome: await client.ended, told };
}

const at = (path: string): Partial<ClientJob> => ({ partition: { kind: 'file', path } });
const procedural = (numClasses: number, samplesPerClass: number): Partial<ClientJob> => ({
  data: { kind: 'procedural', numClasses, samplesPerClass, testSamplesPerClass: 0 },
});
const MOST = 2 ** 32 - 1;
const large = buildModel({ name: 'mlp', width: 1 }, [16_384, 16_384, 1], 2);

describe('a hostile coordinator', () => {
  it('cannot name a path that no file can have', async () => {
    const { outcome, told } = await meets({ ...honest, ...at('nul\0l') });
    expect(outcome).toEqual(expect.objectContaining({ kind: 'failed', code: 'malformed_message' }));
    expect(told).toEqual([]);
  });

  it('hears the same of every path, there or not, and no word of what it names', async () => {
    const paths = [
      '/etc/passwd',
      '/no/such',
      '/dev/zero',
      '..',
      '../secret.txt',
      '../none',
      'out',
      'pipe',
      'none',
      '',
      '.',
      'inside.txt',
      join(folder, 'pipe'),
    ];
    const heard = new Set<string>();
    for (const path of paths) {
      const { outcome, told } = await meets({ ...honest, ...at(path) });
      expect([path, outcome]).toEqual([
        path,
        expect.objectContaining({ kind: 'failed', code: 'invalid_data' }),
      ]);
      heard.add(JSON.stringify(told));
      await server?.close();
    }
    expect([...heard]).toEqual([
      JSON.stringify([{ kind: 'leave', reason: 'the client could not go on; its own log says why' }]),
    ]);
  });

  it.each<[string, Partial<ClientJob>, (boolean | undefined)?]>([
    ['no data folder and a file', { ...procedural(2, 10), ...at('/etc/passwd') }, false],
    [
      'images of a folder that has none',
      { data: { ...honest.data, kind: 'imageFolder' } as ClientJob['data'] },
    ],
    ['other classes', { classes: ['a', 'b'] }],
    ['a thousand million classes', procedural(MOST, 1), false],
    ['as many samples', procedural(2, MOST), false],
    ['both', procedural(MOST, MOST), false],
    ['as many clients', { numClients: MOST }],
    ['as many for each', { partition: { kind: 'dirichlet', alpha: 1, minSamples: MOST } }],
    ['an alpha of nothing', { partition: { kind: 'dirichlet', alpha: 0, minSamples: 1 } }],
    ['an alpha without end', { partition: { kind: 'quantitySkew', alpha: 1e308, minSamples: 1 } }],
    ['an alpha near nothing', { partition: { kind: 'dirichlet', alpha: 1e-308, minSamples: 10 } }],
    ['as many classes for each', { partition: { kind: 'shards', classesPerClient: MOST, minSamples: 1 } }],
    ['none at all', { partition: { kind: 'shards', classesPerClient: 0, minSamples: 0 } }],
    ['folders of clients', { partition: { kind: 'byFolder' } }],
    ['as many held out', { serverSamplesPerClass: MOST }],
    ['more than all for evaluation', { evaluationFraction: 1e300 }],
    ['a seed beyond numbers', { seed: 1e308 }],
    ['frames of a byte', { maxFrameBytes: 1 }],
    ['frames of gigabytes', { maxFrameBytes: MOST }],
    ['a network of 268 million inputs', { graph: large }],
    ['a name of a million letters', { name: '\u001b[2J'.repeat(250_000) }],
    ['100,000 classes', { classes: Array.from({ length: 100_000 }, (_, i) => `class ${i}`) }],
  ])(
    'that asks for %s ends nothing, waits for nothing and learns nothing',
    async (_, changes, withData = true) => {
      const before = process.memoryUsage().rss;
      const { outcome, told } = await meets({ ...honest, ...changes }, withData);
      expect(['failed', 'stopped']).toContain(outcome.kind);
      if (outcome.kind === 'failed') expect(outcome.code).not.toBe('internal');
      const texts = JSON.stringify(told.filter(({ kind }) => kind !== 'join'));
      expect(texts).not.toMatch(/secret|root|tmp|etc|espalier-/);
      expect(texts.length).toBeLessThan(2000);
      expect(process.memoryUsage().rss - before).toBeLessThan(400e6);
    },
  );
});
