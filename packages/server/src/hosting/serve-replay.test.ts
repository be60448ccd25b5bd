import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { buildModel, denseMask, initialState } from '@espalier/core';
import type { ReportRun, RoundMetrics } from '@espalier/core/report';
import { encodeBundle } from '@espalier/proto';
import { parseJob } from '../job/index.js';
import { createRunFolder } from '../run-folder/index.js';
import { serveReplay } from './serve-replay.js';

const job = parseJob('name: test\nmodel: mlp\ndata: { kind: procedural }\nimageSize: 8');
const graph = buildModel({ name: 'mlp', width: 8 }, [8, 8, 3], 2);
const bundle = encodeBundle({
  graph,
  mask: denseMask(graph),
  state: initialState(graph, 1),
  classes: ['a', 'b'],
  normalization: job.normalization,
  metadata: {},
});
const line = {
  round: 0,
  accuracy: 0.5,
  bytes: { up: 3, down: 4, upPerClient: {} },
  seconds: 2,
} as RoundMetrics;

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'espalier-replay-'));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const options = { control: null, host: '127.0.0.1', port: 0 };

describe('a replay', () => {
  it('shows a run that has not ended as far as it came, and its model', async () => {
    const folder = await createRunFolder(parent, job);
    await folder.metrics(line);
    await folder.checkpoint(0, bundle);
    await writeFile(join(folder.path, 'coordinator.log'), '{"level":40,"time":5,"msg":"late"}\n{"cut');
    const served = await serveReplay({ ...options, folder: folder.path, web: parent });
    try {
      const run = (await (await fetch(`${served.url}/api/run`)).json()) as ReportRun;
      expect(run).toMatchObject({
        ...{ kind: 'run', phase: 'train', round: 1, seconds: 2, bytes: { up: 3, down: 4 }, metrics: [line] },
        events: [{ level: 'warn', time: 5, message: 'late' }],
        job: { name: 'test', classes: ['a', 'b'] },
      });
      const model = new Uint8Array(await (await fetch(`${served.url}/api/model`)).arrayBuffer());
      expect(Buffer.from(model).equals(Buffer.from(bundle))).toBe(true);
      expect((await fetch(`${served.url}/api/job`)).status).toBe(404);
      expect((await fetch(`${served.url}/api/pause`, { method: 'POST' })).status).toBe(409);
    } finally {
      await served.close();
    }
  });

  it('is shown under no name but its own', async () => {
    const folder = await createRunFolder(parent, job);
    await folder.checkpoint(0, bundle);
    const limits = { publicUrls: ['https://show.example'] };
    const served = await serveReplay({ ...options, limits, folder: folder.path, web: parent });
    const ask = (host: string): Promise<number> =>
      new Promise((resolve, reject) => {
        get(`${served.url}/api/model`, { headers: { host } }, (response) => {
          resolve(response.resume().statusCode ?? 0);
        }).on('error', reject);
      });
    try {
      expect([await ask('show.example'), await ask('localhost'), await ask('evil.example')]).toEqual([
        200, 200, 421,
      ]);
    } finally {
      await served.close();
    }
  });

  it('refuses a folder without a model, and one that is none', async () => {
    const { path } = await createRunFolder(parent, job);
    await expect(serveReplay({ ...options, folder: path, web: parent })).rejects.toThrow('has no model yet');
    await expect(serveReplay({ ...options, folder: parent, web: parent })).rejects.toThrow('[invalid_data]');
  });
});
