import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectSocket } from '@espalier/client';
import { createNodeTrainer, prepareClientData, prepareServerData } from '@espalier/client-node';
import {
  alwaysDenseCount,
  applyMask,
  buildModel,
  denseMask,
  mergeMoments,
  type MomentReport,
} from '@espalier/core';
import { clientNeeds } from '@espalier/core/methods';
import type { ClientJob } from '@espalier/core/protocol';
import { unevenState } from '@espalier/core/testing';
import { decodeBundle, encodeBundle, type ModelBundle } from '@espalier/proto';
import { parseJob, readRunFolder } from '@espalier/server';
import { Command } from './support/command.js';
import { startClient } from './support/in-process.js';

const JOB = `
name: shrink
seed: 3
model: cnn-small
data: { kind: procedural, numClasses: 3, samplesPerClass: 30, testSamplesPerClass: 1 }
imageSize: 8
partition: { kind: dirichlet, alpha: 1, minSamples: 8 }
numClients: 3
evaluationFraction: 0.2
quorum: 1
`;
const ALLOCATIONS = ['erk', 'lamp', 'uniform'];

/** Fields of the command's report that the tests check. */
interface Report {
  readonly clients: {
    readonly clients: number;
    readonly samples: number;
    readonly chosen: number;
    readonly candidates: readonly {
      readonly name: string;
      readonly density: number;
      readonly loss: number;
      readonly accuracy: number;
    }[];
    readonly accuracy: number;
    readonly bytes: { readonly up: number; readonly down: number };
    readonly folder: string;
  };
  readonly options: { readonly weights: { readonly allocation: string } };
}

let folder: string;
let model: string;
let job: string;
let original: ModelBundle;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-compress-'));
  job = join(folder, 'job.yaml');
  await writeFile(job, JOB);
  const { classes } = await prepareServerData(parseJob(JOB), null);
  const graph = buildModel({ name: 'cnn-small', width: 16 }, [8, 8, 3], 3);
  original = {
    graph,
    mask: denseMask(graph),
    state: unevenState(graph, 4),
    classes,
    normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    metadata: {},
  };
  model = join(folder, 'model.espalier');
  await writeFile(model, encodeBundle(original));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The command over sockets with that many clients, and what each of them sent. */
async function withClients(
  out: string,
  clients: number,
  args: readonly string[],
): Promise<{ readonly report: Report; readonly sent: readonly (readonly string[])[] }> {
  const to = ['--out', out, '--to', 'bundle', '--no-latency', '--samples', '8', '--format', 'json'];
  const served = new Command(
    [
      ...['compress', '--model', model, '--with', job, '--set', `numClients=${clients}`],
      ...['--access', 'aggregates', '--port', '0', ...to, ...args],
    ],
    { cwd: folder },
  );
  const [line = ''] = await served.until('out', /\{"listening".*\}/);
  const { url, joinToken } = (JSON.parse(line) as { listening: { url: string; joinToken: string } })
    .listening;
  const sent: string[][] = Array.from({ length: clients }, () => []);
  const joined = sent.map((messages, part) =>
    startClient(part, () => connectSocket(url), {
      token: joinToken,
      onEvent: (event) => {
        if (event.kind === 'sent') messages.push(event.message);
      },
    }),
  );
  for (const { ended } of joined) expect(await ended).toEqual({ kind: 'finished' });
  const { code, out: text, err } = await served.finished;
  if (code !== 0) throw new Error(err);
  return { report: JSON.parse(text.trim().split('\n').at(-1) ?? '') as Report, sent };
}

describe('espalier compress --with a job', () => {
  let report: Report;
  let sent: readonly (readonly string[])[];
  let outcome: ModelBundle;
  beforeAll(async () => {
    const out = join(folder, 'small');
    const weights = ['--density', '0.3', '--allocation', ALLOCATIONS.join(','), '--repair', 'none'];
    ({ report, sent } = await withClients(out, 3, weights));
    outcome = decodeBundle(new Uint8Array(await readFile(join(out, 'model.espalier'))));
  }, 120_000);

  it('lets clients choose, and writes the candidate of the smallest loss', () => {
    const { clients, options } = report;
    expect(clients.candidates.map(({ name }) => name)).toEqual(ALLOCATIONS);
    for (const { density } of clients.candidates) expect(density).toBeCloseTo(0.3, 2);
    const losses = clients.candidates.map(({ loss }) => loss);
    expect(new Set(losses).size).toBe(ALLOCATIONS.length);
    expect(clients.chosen).toBe(losses.indexOf(Math.min(...losses)));
    expect(options.weights.allocation).toBe(ALLOCATIONS[clients.chosen]);
    expect(clients).toMatchObject({ clients: 3, samples: 72 });
    expect(clients.accuracy).toBeGreaterThanOrEqual(0);
    const { graph, mask, state } = outcome;
    expect(mask.density).toBeCloseTo(0.3, 2);
    expect([...state.params]).toEqual([...applyMask(graph, mask, original.state.params)]);
  });

  it('takes from clients moments, losses and nothing else', () => {
    const asked = ['join', 'canaryResult', 'candidateMoments', 'candidateLosses', 'evaluation'];
    expect(sent).toEqual([asked, asked, asked]);
    const { graph, mask } = outcome;
    const updateBytes = 4 * (mask.activeCount + alwaysDenseCount(graph));
    expect(report.clients.bytes.up / 3).toBeLessThan(updateBytes);
  });

  it('recalibrates batch norm to what all clients’ images give together', async () => {
    const { graph, mask, state, normalization } = outcome;
    const given = parseJob(JOB);
    const clientJob: ClientJob = {
      ...given,
      graph,
      classes: original.classes,
      serverSamplesPerClass: 0,
      normalization,
      developmentFraction: 1,
    };
    const trainer = await createNodeTrainer({ backend: 'engine' });
    const reports: MomentReport[] = [];
    for (const part of [0, 1, 2]) {
      const { train } = await prepareClientData(clientJob, { folder: null, part });
      await trainer.load(graph, { params: state.params, moments: original.state.moments }, mask);
      const { batchSize } = given;
      const moments = await trainer.batchNormMoments(train, {
        mode: { kind: 'pooled' },
        batchSize,
        normalization,
      });
      reports.push({ moments, samples: train.labels.length });
    }
    await trainer.dispose();
    expect([...state.moments]).toEqual([...mergeMoments(reports)]);
  });

  it('leaves a run folder that says what was asked, by a job without rounds', async () => {
    const { jobYaml, summary, metrics } = await readRunFolder(report.clients.folder);
    const asked = parseJob(jobYaml);
    expect(asked).toMatchObject({ rounds: 0, pool: { size: 3, developmentFraction: 1 } });
    expect([...clientNeeds(asked)]).toEqual(['batchNormMoments']);
    expect(metrics).toEqual([]);
    expect(summary).toMatchObject({
      rounds: 0,
      accuracy: { final: report.clients.accuracy },
      bytes: { ...report.clients.bytes, setup: report.clients.bytes },
    });
  });

  it('recalibrates a network of fewer channels as its only candidate', async () => {
    const out = join(folder, 'narrow');
    const { report: narrow } = await withClients(out, 1, ['--target', 'channels=0.7', '--bits', '6']);
    expect(narrow.clients.candidates).toMatchObject([{ name: 'as compressed' }]);
    const { graph, state } = decodeBundle(new Uint8Array(await readFile(join(out, 'model.espalier'))));
    expect(graph.name).toBe('cnn-small-w16-compressed');
    const values = [...state.moments.values()].flatMap(({ mean }) => [...mean]);
    const before = new Set([...original.state.moments.values()].flatMap(({ mean }) => [...mean]));
    expect(values.some((value) => before.has(value))).toBe(false);
  }, 120_000);
});
