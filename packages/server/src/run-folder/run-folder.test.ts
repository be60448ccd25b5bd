import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RoundMetrics, RunSummary } from '@espalier/core/report';
import { parseJob } from '../job/index.js';
import { createRunFolder, readRunFolder } from './index.js';

const job = parseJob('name: test\nmodel: mlp\ndata: { kind: procedural }');
const figures = {
  density: { maskable: 0.1, all: 0.2, perLayer: { 'fc1/kernel': 0.1 } },
  mask: { version: 1, hash: 'ab' },
  peakBytes: 5,
  seconds: 1.5,
};

function roundMetrics(round: number): RoundMetrics {
  return {
    ...figures,
    round,
    accuracy: round === 0 ? null : 0.5,
    loss: null,
    trainLoss: 1.25,
    bytes: { up: 10, down: 20, upPerClient: { 0: 10 } },
    macs: { train: 7, moments: 0 },
    clients: { asked: 1, answered: 1, refusals: 0 },
    adjustment: { number: 0, exchanged: { 'fc1/kernel': 3 } },
    aggregation: { clipped: [], leftOut: [], outliers: [], seconds: 0.1 },
    model: { hash: 'cd' },
    microBatch: 8,
  };
}

const summary: RunSummary = {
  ...figures,
  name: 'test',
  method: 'fedtiny',
  model: { name: 'mlp', hash: 'cd', parameters: 9 },
  seed: 1,
  rounds: 2,
  stopped: false,
  clients: 1,
  accuracy: { final: 0.5, best: 0.5 },
  bytes: { up: 30, down: 40, setup: { up: 1, down: 2 }, upPerRoundMedian: 10 },
  macs: { train: 14, moments: 0, forwardPerSample: 1, forwardPerSampleDense: 2 },
  selection: null,
  backends: ['engine'],
  refusals: {},
  momentClients: null,
};

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'espalier-runs-'));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

describe('a run folder', () => {
  it('has a name of its own every time and the job in it', async () => {
    const first = await createRunFolder(parent, job);
    const second = await createRunFolder(parent, job);
    expect(second.path).not.toBe(first.path);
    expect(parseJob((await readRunFolder(first.path)).jobYaml)).toEqual(job);
  });

  it('has no summary and no model until the run is finished', async () => {
    const { path } = await createRunFolder(parent, job);
    expect(await readRunFolder(path)).toMatchObject({ metrics: [], summary: null, bundle: null });
  });

  it('gives back what a run left: every round, the summary and the model', async () => {
    const folder = await createRunFolder(parent, job);
    await folder.metrics(roundMetrics(0));
    await folder.metrics(roundMetrics(1));
    await folder.finish(summary, Uint8Array.of(1, 2, 3));

    expect(await readRunFolder(folder.path)).toMatchObject({
      metrics: [roundMetrics(0), roundMetrics(1)],
      summary,
      bundle: Uint8Array.of(1, 2, 3),
    });
    expect((await readdir(folder.path, { recursive: true })).sort()).toEqual([
      'job.yaml',
      'metrics.jsonl',
      'model',
      'model/model.espalier',
      'summary.json',
    ]);
  });

  it('keeps the newest checkpoints, whole', async () => {
    const folder = await createRunFolder(parent, job);
    for (let round = 0; round < 4; round++) await folder.checkpoint(round, new Uint8Array([round]));
    expect(await readdir(join(folder.path, 'checkpoints'))).toEqual([
      'round-00002.espalier',
      'round-00003.espalier',
    ]);
  });

  it('tells a damaged file by its path', async () => {
    const { path } = await createRunFolder(parent, job);
    await writeFile(join(path, 'summary.json'), '{"cut');
    await expect(readRunFolder(path)).rejects.toThrow(/\[invalid_data\].*summary\.json is damaged/);
  });

  it('refuses a folder that is none', async () => {
    await expect(readRunFolder(parent)).rejects.toThrow('[invalid_data]');
  });

  it('says what cannot be written', async () => {
    const file = join(parent, 'file');
    await writeFile(file, '');
    await chmod(file, 0o400);
    await expect(createRunFolder(file, job)).rejects.toThrow('[storage]');
  });
});
