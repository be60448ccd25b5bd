import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { buildModel, denseMask, initialState } from '@espalier/core';
import { encodeBundle } from '@espalier/proto';
import { Command } from './support/command.js';
import { TINY_JOB } from './support/tiny-job.js';

/** Rounds for minutes, so that every command is met in the middle of its work. */
const LONG = TINY_JOB.replace('rounds: 5', 'rounds: 5000');
const GRID = `
job: { model: { name: cnn-small, width: 4 }, imageSize: 8, data: { kind: procedural, numClasses: 3, samplesPerClass: 20 },
  numClients: 3, rounds: 5000, batchSize: 8 }
methods: [{ name: short, set: { method: fedavg, rounds: 1 } }, { name: long, set: { method: fedavg } }]
densities: [1]
seeds: [1, 2]
`;

let folder: string;
let site: Server;
let mirror: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-signals-'));
  await writeFile(join(folder, 'job.yaml'), LONG);
  await writeFile(join(folder, 'grid.yaml'), GRID);
  const graph = buildModel({ name: 'cnn-small', width: 4 }, [8, 8, 3], 3);
  const bundle = { graph, mask: denseMask(graph), state: initialState(graph, 1), classes: ['a', 'b', 'c'] };
  const normalization = { mean: [0, 0, 0], std: [1, 1, 1] };
  await writeFile(join(folder, 'model.espalier'), encodeBundle({ ...bundle, normalization, metadata: {} }));
  // Half a file, and then nothing more.
  site = createServer((_, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write(Buffer.alloc(500));
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  mirror = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
});
afterEach(async () => {
  site.closeAllConnections();
  await new Promise((resolve) => site.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const SERVED = ['--port', '0', '--format', 'json'];

// A coordinator's are in startup.test.ts.
describe('the first SIGTERM ends', () => {
  it.each<[string, () => readonly string[], 'out' | 'err', RegExp]>([
    ['join', () => ['join', mirror], 'err', /not connected/],
    ['demo', () => ['demo', '--job', 'job.yaml'], 'err', /./],
    ['simulate', () => ['simulate', '--job', 'job.yaml', '--workers', '1'], 'err', /./],
    ['compare', () => ['compare', '--grid', 'grid.yaml', '--workers', '1'], 'err', /short/],
    [
      'compress --with',
      () => [
        'compress',
        '--model',
        'model.espalier',
        '--out',
        'small',
        '--with',
        'job.yaml',
        '--access',
        'aggregates',
        ...SERVED,
      ],
      'out',
      /listening/,
    ],
    ['bench engine', () => ['bench', 'engine', '--width', '8'], 'err', /./],
    ['fetch', () => ['fetch', 'mnist', '--to', 'data', '--mirror', mirror], 'err', /train-images/],
  ])('%s', async (name, args, stream, line) => {
    const command = new Command(args(), { cwd: folder });
    try {
      await command.until(stream, line);
      command.signal('SIGTERM');
      const { code, err } = await command.finished;
      expect([name, code, /^ +at /m.test(err)]).toEqual([name, 130, false]);
      const left = (await readdir(folder, { recursive: true })).filter((path) => path.endsWith('.part'));
      // A later download continues from the part that was fetched.
      expect(left).toEqual(name === 'fetch' ? ['data/train-images-idx3-ubyte.gz.part'] : []);
    } finally {
      command.signal('SIGKILL');
      await command.finished;
    }
  });
});
