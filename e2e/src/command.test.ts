import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { alwaysDenseCount, momentCount } from '@espalier/core';
import { decodeBundle, encodeBundle, modelHash } from '@espalier/proto';
import { parseJob, readRunFolder, type RunContents } from '@espalier/server';
import type { RunSummary } from '@espalier/server/coordinator';
import { Command, espalier } from './support/command.js';
import { runInProcess } from './support/in-process.js';
import { TINY_JOB } from './support/tiny-job.js';

let folder: string;
let job: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-e2e-'));
  job = join(folder, 'tiny.yaml');
  await writeFile(job, TINY_JOB);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('espalier demo over real sockets and processes', () => {
  let summary: RunSummary;
  let run: RunContents;
  beforeAll(async () => {
    const { code, out, err } = await espalier([
      'demo',
      '--job',
      job,
      '--out',
      join(folder, 'runs'),
      '--format',
      'json',
    ]);
    if (code !== 0) throw new Error(`exit ${String(code)}\n${out}\n${err}`);
    const { runs } = JSON.parse(out) as { runs: { summary: RunSummary; folder: string }[] };
    summary = runs[0]!.summary;
    run = await readRunFolder(runs[0]!.folder);
  });

  it('gives the same model as the same job in one process', async () => {
    const { summary: other } = await runInProcess(parseJob(TINY_JOB), [0, 1, 2]);
    expect(summary.model.hash).toBe(other.model.hash);
    expect(summary.mask.hash).toBe(other.mask.hash);
  });

  it('leaves a summary, a line a round and a model that reads back to the bit', () => {
    expect(run.summary).toEqual(summary);
    expect(run.metrics.map(({ round }) => round)).toEqual([0, 1, 2, 3, 4]);
    const bundle = decodeBundle(run.bundle!);
    expect(modelHash(bundle.graph, bundle.mask, bundle.state)).toBe(summary.model.hash);
    expect(Buffer.from(encodeBundle(bundle)).equals(Buffer.from(run.bundle!))).toBe(true);
  });

  it('keeps every layer at its density over every adjustment', () => {
    const densities = run.metrics.map(({ density }) => JSON.stringify(density.perLayer));
    expect(new Set(densities).size).toBe(1);
    expect(run.metrics.map(({ mask }) => mask.version)).toEqual([0, 0, 1, 1, 2]);
    expect(run.metrics.flatMap(({ adjustment }) => adjustment?.number ?? [])).toEqual([0, 1]);
  });

  it('uploads no more in an ordinary round than active values, moments and a little', () => {
    const { graph, mask } = decodeBundle(run.bundle!);
    const values = mask.activeCount + alwaysDenseCount(graph) + momentCount(graph);
    const bound = 4 * values * 1.02 + 4096;
    const ordinary = run.metrics.filter(({ adjustment }) => adjustment === null);
    expect(ordinary.length).toBe(3);
    for (const { bytes } of ordinary) {
      expect(Object.keys(bytes.upPerClient)).toEqual(['0', '1', '2']);
      for (const up of Object.values(bytes.upPerClient)) expect(up).toBeLessThanOrEqual(bound);
    }
  });

  it('measures what it cost', () => {
    const { bytes, macs, peakBytes, seconds, backends } = summary;
    const rounds = run.metrics.reduce((sum, line) => sum + line.bytes.up, 0);
    expect(bytes.up).toBeGreaterThanOrEqual(bytes.setup.up + rounds);
    expect(Math.min(bytes.setup.up, bytes.down, macs.train, peakBytes, seconds)).toBeGreaterThan(0);
    expect(macs.forwardPerSample).toBeLessThan(macs.forwardPerSampleDense);
    expect(backends).toEqual(['engine-wasm']);
  });

  it('is shown by inspect', async () => {
    const { code, out } = await espalier([
      'inspect',
      join(folder, 'runs', 'tiny-fedtiny'),
      '--format',
      'json',
    ]);
    const shown = JSON.parse(out) as { summary: RunSummary; model: { hash: string; layers: unknown[] } };
    expect(code).toBe(0);
    expect(shown.summary).toEqual(summary);
    expect(shown.model.hash).toBe(summary.model.hash);
  });

  it('writes the job as it was resolved', async () => {
    const yaml = await readFile(join(folder, 'runs', 'tiny-fedtiny', 'job.yaml'), 'utf8');
    expect(parseJob(yaml)).toEqual(parseJob(TINY_JOB));
  });
});

describe('espalier serve and join', () => {
  it('refuses a second coordinator on the port, a wrong token and a part that is none, and ends in order on Ctrl-C', async () => {
    const server = new Command([
      'serve',
      '--job',
      job,
      '--port',
      '0',
      '--out',
      join(folder, 'served'),
      '--format',
      'json',
    ]);
    const listening = JSON.parse((await server.until('out', /\{"listening".*\}/))[0]) as {
      listening: { url: string; joinToken: string; adminToken: string };
    };
    const { url, joinToken, adminToken } = listening.listening;
    const port = new URL(url).port;
    const [second, stranger, wrongPart] = await Promise.all([
      espalier(['serve', '--job', job, '--port', port, '--out', join(folder, 'second')]),
      espalier(['join', url, '--part', '1/3', '--token', 'wrong']),
      espalier(['join', url, '--part', '1/4', '--token', joinToken]),
    ]);
    expect(second).toMatchObject({ code: 6, err: expect.stringContaining('[port_in_use]') });
    expect(stranger).toMatchObject({ code: 4, err: expect.stringContaining('[unauthorized]') });
    expect(wrongPart).toMatchObject({ code: 2, err: expect.stringContaining('--part 1/3') });

    const ask = (path: string, token: string, method = 'GET'): Promise<Response> =>
      fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
    expect((await ask('/admin/status', 'wrong')).status).toBe(401);
    expect(await (await ask('/admin/status', adminToken)).json()).toMatchObject({
      phase: 'gather',
      clients: [],
    });
    expect((await ask('/elsewhere', adminToken)).status).toBe(404);

    const client = new Command(['join', url, '--part', '1/3', '--token', joinToken]);
    await client.until('err', /taking part as part 1/);
    client.signal('SIGINT');
    expect((await client.finished).code).toBe(130);
    server.signal('SIGINT');
    expect((await server.finished).code).toBe(130);
  });

  it('stops a run in the middle on Ctrl-C and keeps what was reached', async () => {
    const out = join(folder, 'stopped');
    const demo = new Command([
      'demo',
      '--job',
      job,
      '--set',
      'rounds=500',
      '--set',
      'pruning.interval=0',
      '--out',
      out,
    ]);
    await demo.until('err', /round 3 of 500/);
    demo.signal('SIGINT');
    expect((await demo.finished).code).toBe(130);
    const { summary, bundle } = await readRunFolder(join(out, 'tiny-fedtiny'));
    expect(summary).toMatchObject({ stopped: true });
    expect(summary!.rounds).toBeGreaterThanOrEqual(3);
    expect(modelHash(...bundleParts(bundle!))).toBe(summary!.model.hash);
  });

  it.each<[string, string[], number, RegExp]>([
    ['a mistyped key', ['--set', 'targetDensty=0.1'], 2, /targetDensty.*targetDensity/],
    ['an impossible density', ['--set', 'targetDensity=0'], 2, /targetDensity/],
    [
      'a field of another kind of data',
      ['--set', 'data.kind=imageFolder'],
      2,
      /data\.numClasses.*another kind/,
    ],
    ['a folder that is not there', ['--set', 'data={kind: imageFolder}', '--data', 'nowhere'], 3, /nowhere/],
    ['no folder', ['--set', 'data={kind: imageFolder}'], 3, /--data/],
    ['an unknown backend', ['--backend', 'abacus'], 6, /abacus.*wasm/],
  ])('says what is wrong with %s', async (_, flags, code, sentence) => {
    const ended = await espalier(['demo', '--job', job, '--out', join(folder, 'bad'), ...flags]);
    expect(ended.err).toMatch(sentence);
    expect(ended.code).toBe(code);
  });
});

function bundleParts(bytes: Uint8Array): Parameters<typeof modelHash> {
  const { graph, mask, state } = decodeBundle(bytes);
  return [graph, mask, state];
}
