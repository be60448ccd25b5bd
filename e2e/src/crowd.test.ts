import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { espalier } from './support/command.js';

const main = createRequire(__filename).resolve('espalier/main');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-crowd-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Descriptors that the coordinator may have; the crowd is twice as many. */
const DESCRIPTORS = 512;

const JOB = `
name: crowd
method: fedavg
model: { name: cnn-small, width: 4 }
data: { kind: procedural, numClasses: 2, samplesPerClass: 20, testSamplesPerClass: 4 }
imageSize: 8
numClients: 1
rounds: 2
targetDensity: 1
`;

interface Listening {
  readonly url: string;
  readonly joinToken: string;
  readonly folder: string;
}

/** A coordinator that may open few files; its first line, and its exit code. */
async function coordinator(): Promise<{ listening: Listening; ended: Promise<number | null> }> {
  await writeFile(join(folder, 'job.yaml'), JOB);
  const args = [
    'serve',
    '--job',
    join(folder, 'job.yaml'),
    '--out',
    folder,
    '--port',
    '0',
    '--format',
    'json',
  ];
  const child = spawn(
    'sh',
    ['-c', `ulimit -n ${DESCRIPTORS}; exec "$@"`, 'sh', process.execPath, main, ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const lines = createInterface(child.stdout);
  const line = await new Promise<string>((resolve) => lines.once('line', resolve));
  return { listening: (JSON.parse(line) as { listening: Listening }).listening, ended };
}

/** Connections that say nothing, or half of something, and come again whenever they are cut. */
function crowd(port: number, count: number): { grown: Promise<void>; leave: () => void } {
  const open = new Set<Socket>();
  let came = 0;
  let isOver = false;
  let grow: () => void;
  const grown = new Promise<void>((resolve) => (grow = resolve));
  const come = (place: number): void => {
    const socket = connect(port, '127.0.0.1', () => {
      if (place % 2 === 1) socket.write('GET /join HTTP/1.1\r\nHost: local');
      if (++came === count) grow();
    });
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      open.delete(socket);
      // Not at once: it is a crowd of connections, not of attempts.
      if (!isOver) setTimeout(come, 500, place).unref();
    });
  };
  for (let place = 0; place < count; place++) come(place);
  const leave = (): void => {
    isOver = true;
    for (const socket of open) socket.destroy();
  };
  return { grown, leave };
}

describe('a crowd of silent and half-open connections', () => {
  it('twice as large as the limit of descriptors does a run no harm', async () => {
    const { listening, ended } = await coordinator();
    const { grown, leave } = crowd(Number(new URL(listening.url).port), 2 * DESCRIPTORS);
    try {
      await grown;
      const { url, joinToken } = listening;
      const joined = await espalier(['join', url, '--token', joinToken, '--part', '1/1']);
      expect([joined.code, await ended]).toEqual([0, 0]);
    } finally {
      leave();
    }
    const summary = JSON.parse(readFileSync(join(listening.folder, 'summary.json'), 'utf8')) as {
      rounds: number;
      refusals: Record<string, number>;
    };
    expect(summary.rounds).toBe(2);
    expect(summary.refusals['limit_exceeded']).toBeGreaterThanOrEqual(DESCRIPTORS);
  }, 120_000);
});

describe('raw HTTP, cut short', () => {
  it('leaves nothing behind, and the coordinator at work', async () => {
    const tool = join(__dirname, '../../tools/fuzz/http.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [
      tool,
      '--requests',
      '600',
      '--seed',
      '3',
    ]);
    expect(stdout).toMatch(
      /^fuzz http: 6\d\d requests over \d+ connections, \d+ statuses, 0 failed handlers, memory [+-]\d+ MB, descriptors [+-]\d, .* 2 honest rounds after it, \d+ s, seed 3\n$/,
    );
  }, 180_000);
});
