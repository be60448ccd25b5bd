import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectSocket, runClient, type RunningClient } from '@espalier/client';
import { createThreadTrainer, prepareClientData } from '@espalier/client-node';
import type { ClientOutcome } from '@espalier/core/protocol';
import type { ReportRun, RunSummary } from '@espalier/core/report';
import { decodeBundle, modelHash } from '@espalier/proto';
import { readRunFolder } from '@espalier/server';
import type { Browser, Page } from 'playwright-core';
import { Command } from '../support/command.js';
import { clock, schedule } from '../support/in-process.js';
import { launchChromium } from './chromium.js';
import { watchMainThread } from './main-thread.js';
import { writePhotos } from './photo-folders.js';

const JOB = `
name: photos
seed: 9
method: fedtiny
model: { name: cnn-small, width: 8 }
data: { kind: imageFolder }
imageSize: 16
numClients: 3
rounds: 8
localEpochs: 2
batchSize: 8
learningRate: 0.05
targetDensity: 0.2
pool: { size: 4 }
pruning: { interval: 2, stopRound: 8 }
pretrain: { epochs: 1, samplesPerClass: 4 }
evaluationFraction: 0.2
quorum: 1
roundTimeout: 60
returnTimeout: 60
`;

/** First line that `espalier serve --format json` prints. */
interface Listening {
  readonly url: string;
  readonly joinToken: string;
  readonly adminToken: string;
  readonly folder: string;
}

let folder: string;
let browser: Browser;
let serve: Command;
let listening: Listening;
let complaints: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-web-'));
  const photos = await writePhotos(join(folder, 'server'), 8, 1);
  const job = join(folder, 'job.yaml');
  await writeFile(job, JOB);
  serve = new Command(
    [
      'serve',
      '--job',
      job,
      '--data',
      photos,
      '--port',
      '0',
      '--out',
      join(folder, 'runs'),
      '--format',
      'json',
    ],
    { cwd: folder },
  );
  const [line = ''] = await serve.until('out', /\{"listening".*\}/);
  ({ listening } = JSON.parse(line) as { listening: Listening });
  browser = await launchChromium();
  complaints = [];
});
afterAll(async () => {
  await browser.close();
  serve.signal('SIGTERM');
  await serve.finished;
  await rm(folder, { recursive: true, force: true });
});

/** A page that notes everything the browser complains about, a breach of the policy among it. */
async function openPage(path: string): Promise<Page> {
  const page = await browser.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(listening.url + path);
  return page;
}

async function nodeClient(name: string, seed: number): Promise<RunningClient> {
  const photos = await writePhotos(join(folder, name), 24, seed);
  return runClient({
    connect: () => connectSocket(listening.url),
    loadData: (job) => prepareClientData(job, { folder: photos, part: null }),
    makeTrainer: () => createThreadTrainer({ backend: 'engine' }),
    token: listening.joinToken,
    name,
    part: null,
    profile: { memoryBytes: 0, macsPerSecond: 0, platform: 'test' },
    schedule,
    clock,
  });
}

/** The final model's mask and hash, as a client has them. */
function finalOf(client: RunningClient, graph: Parameters<typeof modelHash>[0]): readonly [string, string] {
  const final = client.finalModel();
  if (!final) throw new Error('the final model did not come');
  const { mask, params, moments } = final;
  return [mask.hash, modelHash(graph, mask, { params, moments })];
}

/** The admin side: `run` reads, the others command. */
async function control(what: 'run' | 'pause' | 'resume'): Promise<Response> {
  const response = await fetch(`${listening.url}/api/${what}`, {
    method: what === 'run' ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${listening.adminToken}` },
  });
  if (!response.ok) throw new Error(`${what}: ${response.status} ${await response.text()}`);
  return response;
}

/** Notes every text of the element that says how much of the model has arrived, from the page's first moment. */
async function noteArrivals(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const noted = new Set<number>();
    Reflect.set(globalThis, 'arrivals', noted);
    new MutationObserver(() => {
      const shown = document.querySelector('[data-figure=arrived]')?.getAttribute('data-bytes');
      if (shown) noted.add(Number(shown));
    }).observe(document, { subtree: true, childList: true, attributes: true });
  });
}

const atRound = (page: Page, pattern: string): Promise<unknown> =>
  page.waitForFunction(
    (wanted) => new RegExp(wanted).test(document.querySelector('[data-figure=round]')?.textContent ?? ''),
    pattern,
  );

describe('a browser tab beside two Node clients', () => {
  let summary: RunSummary;
  let joining: Page;
  let watch: Page;
  let nodes: readonly RunningClient[];
  let outcomes: readonly ClientOutcome[];
  let seated: ReportRun['clients'];
  let tasks: readonly number[];
  let tried: { readonly arrivals: readonly number[]; readonly file: string | null };

  beforeAll(async () => {
    watch = await openPage(`/#admin=${listening.adminToken}`);
    joining = await openPage(`/join#token=${listening.joinToken}`);
    const photos = await writePhotos(join(folder, 'mine'), 40, 2);
    await joining.getByLabel('Choose a folder').last().setInputFiles(photos);
    await joining.getByText('This device can take part').waitFor();
    await joining.getByLabel('Your name').fill('the tab');
    await joining.getByRole('button', { name: 'Start' }).click();
    nodes = await Promise.all([nodeClient('shed', 3), nodeClient('attic', 4)]);
    await atRound(joining, 'Round [2-9] of');
    // Held, so that a fast machine does not end the run while the page is away.
    await control('pause');
    tried = await tryModel();
    await joining.reload();
    await joining.locator('[data-state=working]').waitFor();
    const readTasks = await watchMainThread(browser, joining);
    seated = ((await (await control('run')).json()) as ReportRun).clients;
    await control('resume');
    await joining.locator('[data-state=finished]').waitFor();
    tasks = await readTasks();
    await watch.locator('[data-state=ended]').waitFor();
    outcomes = await Promise.all(nodes.map(({ ended }) => ended));
    const { code, err } = await serve.finished;
    if (code !== 0) throw new Error(err);
    summary = (await readRunFolder(listening.folder)).summary!;
  }, 120_000);

  async function tryModel(): Promise<typeof tried> {
    const page = await browser.newPage();
    await noteArrivals(page);
    await page.goto(`${listening.url}/try#admin=${listening.adminToken}`);
    const file = await page.locator('[data-figure=model-file]').textContent();
    const arrivals = await page.evaluate(() => [...(Reflect.get(globalThis, 'arrivals') as Set<number>)]);
    await page.close();
    return { arrivals, file };
  }

  it('shows the model of the moment, read as it arrives', () => {
    const last = tried.arrivals.at(-1) ?? 0;
    expect(last).toBeGreaterThan(1000);
    expect(tried.file).toBe(`${(last / 1000).toFixed(1)} kB`);
  });

  it('finishes with them on the same mask and the same model', async () => {
    const { graph } = decodeBundle((await readRunFolder(listening.folder)).bundle!);
    expect(outcomes).toEqual([{ kind: 'finished' }, { kind: 'finished' }]);
    const tab = await Promise.all(
      ['mask-hash', 'model-hash'].map((name) => joining.locator(`[data-figure=${name}]`).textContent()),
    );
    const expected = [summary.mask.hash, summary.model.hash];
    expect([tab, ...nodes.map((node) => finalOf(node, graph))]).toEqual([expected, expected, expected]);
    expect(summary).toMatchObject({ rounds: 8, stopped: false });
    expect(summary.mask.version).toBeGreaterThan(0);
  });

  it('came back to its own seat when it was reloaded', () => {
    expect(seated.map(({ name }) => name).sort()).toEqual(['attic', 'shed', 'the tab']);
    expect(seated.every(({ presence, admitted }) => presence === 'present' && admitted)).toBe(true);
    expect(seated.find(({ name }) => name === 'the tab')).toMatchObject({
      backend: 'engine-wasm',
      samples: 96,
    });
  });

  it('is shown on the dashboard with the figures of the summary', async () => {
    const figure = (name: string): Promise<string | null> =>
      watch.locator(`[data-figure=${name}]`).textContent();
    const bytes = summary.bytes.up + summary.bytes.down;
    expect(await figure('round')).toBe('8 of 8');
    expect(await figure('density')).toBe(`${(100 * summary.density.maskable).toFixed(2)} %`);
    expect(await figure('accuracy')).toBe(`${(100 * summary.accuracy.final!).toFixed(1)} %`);
    expect(await figure('bytes')).toBe(`${(bytes / 1e6).toFixed(1)} MB`);
    expect(await figure('phase')).toBe('Finished.');
  });

  it('leaves the page free: no task over 50 ms while it trains', () => {
    expect(tasks.length).toBeGreaterThan(10);
    expect(tasks.filter((milliseconds) => milliseconds > 50)).toEqual([]);
  });

  it('breaks no policy and says nothing wrong', () => {
    expect(complaints).toEqual([]);
  });

  it('leaves a report of the run in its folder', async () => {
    const report = await readFile(join(listening.folder, 'report.html'), 'utf8');
    const json = /<script id="report-data" type="application\/json">(.*?)<\/script>/s.exec(report)?.[1] ?? '';
    const run = JSON.parse(json) as ReportRun;
    expect(run).toMatchObject({
      kind: 'run',
      phase: 'finished',
      summary: summary,
    });
    expect(run.metrics).toHaveLength(8);
  });
});
