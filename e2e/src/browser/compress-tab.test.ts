import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { buildModel, denseMask } from '@espalier/core';
import { unevenState } from '@espalier/core/testing';
import { encodeBundle } from '@espalier/proto';
import { readRunFolder } from '@espalier/server';
import type { Browser } from 'playwright-core';
import { Command } from '../support/command.js';
import { launchChromium } from './chromium.js';
import { PHOTO_CLASSES, writePhotos } from './photo-folders.js';

const JOB = `
name: shrink
model: cnn-small
data: { kind: imageFolder }
numClients: 1
evaluationFraction: 0.2
`;

let folder: string;
let browser: Browser;
let compress: Command;
let url: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-tab-'));
  await writeFile(join(folder, 'job.yaml'), JOB);
  const graph = buildModel({ name: 'cnn-small', width: 8 }, [16, 16, 3], PHOTO_CLASSES.length);
  const model = {
    graph,
    mask: denseMask(graph),
    state: unevenState(graph, 2),
    classes: PHOTO_CLASSES,
    normalization: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    metadata: {},
  };
  await writeFile(join(folder, 'model.espalier'), encodeBundle(model));
  compress = new Command(
    [
      ...['compress', '--model', 'model.espalier', '--out', 'small', '--density', '0.3'],
      ...['--allocation', 'erk,uniform', '--repair', 'none', '--with', 'job.yaml', '--access', 'aggregates'],
      ...['--port', '0', '--to', 'bundle', '--no-latency', '--samples', '8', '--format', 'json'],
    ],
    { cwd: folder },
  );
  const [line = ''] = await compress.until('out', /\{"listening".*\}/);
  const { listening } = JSON.parse(line) as { listening: { url: string; joinToken: string } };
  url = `${listening.url}/join#token=${listening.joinToken}`;
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  compress.signal('SIGINT');
  await compress.finished;
  await rm(folder, { recursive: true, force: true });
});

it('a tab measures the candidates, is told that nothing is trained, and sees the run end', async () => {
  const complaints: string[] = [];
  const page = await browser.newPage();
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url);
  await page.getByText('Nothing is trained.').waitFor();
  const photos = await writePhotos(join(folder, 'mine'), 10, 2);
  await page.getByLabel('Choose a folder').last().setInputFiles(photos);
  await page.getByText('This device can take part').waitFor();
  await page.getByRole('button', { name: 'Start' }).click();
  await page.locator('[data-state=finished]').waitFor();
  expect((await compress.finished).code).toBe(0);
  const report = JSON.parse(await readFile(join(folder, 'small', 'report.json'), 'utf8')) as {
    readonly clients: { readonly clients: number; readonly folder: string };
  };
  expect(report.clients).toMatchObject({ clients: 1, candidates: [{ name: 'erk' }, { name: 'uniform' }] });
  const { summary } = await readRunFolder(report.clients.folder);
  expect(summary).toMatchObject({ rounds: 0, stopped: false, refusals: {} });
  expect(complaints).toEqual([]);
}, 90_000);
