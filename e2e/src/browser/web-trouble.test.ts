import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectSocket, runClient, type RunningClient } from '@espalier/client';
import { createThreadTrainer, prepareClientData } from '@espalier/client-node';
import { PROTOCOL_VERSION } from '@espalier/core/protocol';
import type { RunSummary } from '@espalier/core/report';
import { parseJob, readRunFolder, readState, RUN_FILES } from '@espalier/server';
import type { Browser, Page } from 'playwright-core';
import { Command } from '../support/command.js';
import { clock, runInProcess, schedule } from '../support/in-process.js';
import { launchChromium } from './chromium.js';
import { watchMainThread } from './main-thread.js';
import { Meddler } from './meddler.js';
import { PHOTO_CLASSES, writePhotos } from './photo-folders.js';

const COMMON = `
seed: 9
method: fedavg
numClients: 2
rounds: 3
batchSize: 8
learningRate: 0.05
pretrain: { epochs: 0, samplesPerClass: 0 }
roundTimeout: 60
`;

/** Updates of 420 kB, which take several frames. */
const PROCEDURAL = `
name: shapes
model: { name: mlp, width: 128 }
data: { kind: procedural, numClasses: 3, samplesPerClass: 40, testSamplesPerClass: 4 }
imageSize: 16
partition: { kind: iid }
maxFrameBytes: 65536
quorum: 0.5
returnTimeout: 1
${COMMON}`;

const PHOTOS = `
name: photos
model: { name: cnn-small, width: 4 }
data: { kind: imageFolder }
imageSize: 16
${COMMON}`;

/** A coordinator as a person would start it, with a relay between it and the browser. */
interface Served {
  readonly folder: string;
  readonly url: string;
  readonly token: string;
  readonly command: Command;
  readonly meddler: Meddler;
}

let folder: string;
let browser: Browser;
const closers: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-trouble-'));
  browser = await launchChromium();
});
afterAll(async () => {
  await browser.close();
  for (const close of closers) await close();
  await rm(folder, { recursive: true, force: true });
});

async function serve(name: string, yaml: string, args: readonly string[] = []): Promise<Served> {
  const job = join(folder, `${name}.yaml`);
  await writeFile(job, yaml);
  const command = new Command(
    ['serve', '--job', job, '--port', '0', '--out', join(folder, name), '--format', 'json', ...args],
    { cwd: folder },
  );
  const [line] = await command.until('out', /\{"listening".*\}/);
  const { listening } = JSON.parse(line) as {
    listening: { url: string; joinToken: string; folder: string };
  };
  const meddler = await Meddler.before(listening.url);
  closers.push(() => {
    meddler.close();
    command.signal('SIGTERM');
    return command.finished;
  });
  return { folder: listening.folder, url: listening.url, token: listening.joinToken, command, meddler };
}

/** The join page in a browser that has seen nothing before, reached through the meddler. */
async function joinPage({ meddler, token }: Served): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${meddler.url}/join?part=1#token=${token}`);
  return page;
}

async function takePart(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Take the procedural sample' }).click();
  await page.getByText('This device can take part').waitFor();
  await page.getByRole('button', { name: 'Start' }).click();
}

function nodeClient({ url, token }: Served): RunningClient {
  return runClient({
    connect: () => connectSocket(url),
    loadData: (job) => prepareClientData(job, { folder: null, part: 1 }),
    makeTrainer: () => createThreadTrainer({ backend: 'engine' }),
    token,
    name: 'shed',
    part: 1,
    profile: { memoryBytes: 0, macsPerSecond: 0, platform: 'test' },
    schedule,
    clock,
  });
}

/** The run's end, and how many answers the coordinator wrote down. */
async function outcome(served: Served): Promise<{ summary: RunSummary; answers: number | undefined }> {
  const { code, err } = await served.command.finished;
  if (code !== 0) throw new Error(err);
  const { summary } = await readRunFolder(served.folder);
  const { events } = await readState(join(served.folder, RUN_FILES.state));
  return { summary: summary!, answers: events['answer'] };
}

describe('a tab that is closed in mid-upload', () => {
  it('leaves nothing half accepted, and the round goes on for the others', async () => {
    const served = await serve('closed', PROCEDURAL);
    const held = served.meddler.holdAfter(200_000);
    const page = await joinPage(served);
    await takePart(page);
    const node = nodeClient(served);
    await held;
    await page.close();
    served.meddler.cut();

    const { summary, answers } = await outcome(served);
    expect(await node.ended).toEqual({ kind: 'finished' });
    expect(summary).toMatchObject({ rounds: 3, stopped: false });
    // One of the two clients in each round; what had come of the tab's update counts as traffic and as nothing else.
    expect(answers).toBe(3);
    const { metrics } = await readRunFolder(served.folder);
    expect(metrics.map(({ clients }) => clients.answered)).toEqual([1, 1, 1]);
    expect(metrics[0]!.bytes.upPerClient['0']).toBeGreaterThan(100_000);
  }, 60_000);
});

describe('a device that is lost while it trains', () => {
  /** As a tfjs backend whose GPU is gone: an error of its worker, and then numbers that cannot be trusted. */
  const losing = `
    const post = self.postMessage.bind(self);
    let trainings = 0, lost = false;
    self.postMessage = (message, ...more) => {
      if (message.kind === 'progress' && message.progress.batch === 0 && ++trainings === 2) {
        lost = true;
        reportError(new Error('the device was lost'));
      }
      if (lost && message.kind === 'result' && message.value?.state)
        for (const values of message.value.state.params.values()) values.fill(0.5);
      post(message, ...more);
    };`;

  it('begins the round anew and uploads nothing that the lost device computed', async () => {
    const yaml = `${PROCEDURAL}\n`
      .replace('quorum: 0.5', 'quorum: 1')
      .replace('returnTimeout: 1', 'returnTimeout: 60');
    const served = await serve('lost', yaml);
    let lostOnes = 0;
    served.meddler.rewrite(
      /trainer-worker/,
      (script) => {
        lostOnes++;
        return losing + script;
      },
      1,
    );
    const page = await joinPage(served);
    await takePart(page);
    const node = nodeClient(served);
    await page.locator('[data-state=finished]').waitFor();

    const { summary, answers } = await outcome(served);
    expect(await node.ended).toEqual({ kind: 'finished' });
    expect(lostOnes).toBe(1);
    expect(answers).toBe(2 * 3);
    expect(summary.refusals).toEqual({});
    // To the bit the model of a run in which no device was lost.
    const whole = await runInProcess(parseJob(yaml), [0, 1]);
    expect(summary.model.hash).toBe(whole.summary.model.hash);
    expect(await page.locator('[data-figure=model-hash]').textContent()).toBe(whole.summary.model.hash);
  }, 60_000);
});

describe('before a tab takes part', () => {
  let served: Served;
  beforeAll(async () => {
    const photos = await writePhotos(join(folder, 'server'), 4, 1);
    served = await serve('photos', PHOTOS, ['--data', photos]);
  }, 60_000);

  it('says that the coordinator speaks another protocol version, and what to do', async () => {
    const page = await (await browser.newContext()).newPage();
    served.meddler.rewrite(
      /^\/api\/job$/,
      (body) => JSON.stringify({ ...(JSON.parse(body) as object), protocolVersion: PROTOCOL_VERSION + 1 }),
      1,
    );
    await page.goto(`${served.meddler.url}/join`);
    await page
      .getByText(
        `The coordinator speaks protocol ${PROTOCOL_VERSION + 1}, this page ${PROTOCOL_VERSION}. Reload without the cache (Ctrl-Shift-R)`,
      )
      .waitFor();
    expect(await page.getByRole('button', { name: 'Start' }).count()).toBe(0);
  });

  it('takes a folder that is dropped on the page', async () => {
    const mine = await writePhotos(join(folder, 'dropped'), 5, 2);
    await writeFile(join(mine, 'notes.pdf'), 'no image');
    const page = await joinPage(served);
    await drop(page, mine);
    await page.getByText(`${PHOTO_CLASSES.length * 5} images of your own`).waitFor();
    await page.getByText('1 file was left out that is no image: “notes.pdf”').waitFor();
  });

  it('stays free while it lists and reads thousands of files', async () => {
    const many = join(folder, 'many');
    const image = await onePhoto(join(folder, 'one'));
    for (const name of PHOTO_CLASSES) await mkdir(join(many, name), { recursive: true });
    const count = 3000;
    for (let n = 0; n < count; n++) {
      await writeFile(join(many, PHOTO_CLASSES[n % PHOTO_CLASSES.length]!, `${n}.jpg`), image);
    }
    const tasks = await tasksOfDrop(await joinPage(served), many);
    expect(tasks.length).toBeGreaterThan(10);
    expect(tasks.filter((milliseconds) => milliseconds > 50)).toEqual([]);
  }, 60_000);
});

/** Drags that folder from outside onto the page. */
async function drop(page: Page, path: string): Promise<void> {
  const zone = page.getByText('Drop a folder here');
  await zone.waitFor();
  const { x, y } = (await zone.boundingBox())!;
  const devtools = await page.context().newCDPSession(page);
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await devtools.send('Input.dispatchDragEvent', {
      type,
      x: x + 5,
      y: y + 5,
      data: { items: [], files: [path], dragOperationsMask: 1 },
    });
  }
}

/** Main-thread tasks from the drop of three thousand images to their count, in milliseconds of processor time. */
async function tasksOfDrop(page: Page, path: string): Promise<readonly number[]> {
  await page.getByText('Drop a folder here').waitFor();
  const readTasks = await watchMainThread(browser, page);
  await drop(page, path);
  await page.getByText(/^3.000 images of your own$/).waitFor();
  return readTasks();
}

async function onePhoto(place: string): Promise<Buffer> {
  return readFile(join(await writePhotos(place, 1, 7), PHOTO_CLASSES[0]!, '0.jpg'));
}
