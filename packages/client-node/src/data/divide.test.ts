import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { buildModel, datasetSize, partitionFileText, type Job, type PartitionSpec } from '@espalier/core';
import type { ClientJob } from '@espalier/core/protocol';
import { cifarBatch, mnistFolder } from '../testing/data-files.js';
import { testFolder, type TestFolder } from '../testing/image-files.js';
import { partitionOfJob, prepareClientData, prepareServerData } from './prepare-data.js';

let folder: TestFolder;
beforeEach(async () => {
  folder = await testFolder();
});
afterEach(() => folder.remove());

const data = {
  kind: 'imageFolder',
  samplesPerClass: null,
  testSamplesPerClass: null,
  testFraction: 0,
} as const;
type Shared = Pick<Job, 'data' | 'imageShape' | 'seed' | 'pretrain' | 'partition' | 'numClients'>;

function serverJob(partition: PartitionSpec, changes: Partial<Shared> = {}): Shared {
  const pretrain = { epochs: 1, learningRate: 0.1, samplesPerClass: 1 };
  return { data, imageShape: [4, 4, 3], seed: 5, pretrain, partition, numClients: 2, ...changes };
}

function clientJob(job: Shared, classes: readonly string[]): ClientJob {
  return {
    name: 'test',
    seed: job.seed,
    numClients: job.numClients,
    classes,
    graph: buildModel({ name: 'mlp', width: 2 }, job.imageShape, classes.length),
    data: job.data,
    partition: job.partition,
    serverSamplesPerClass: job.pretrain.samplesPerClass,
    normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
    developmentFraction: 0.1,
    evaluationFraction: 0,
    maxFrameBytes: 4096,
  };
}

/** Images whose green tells which they are. */
async function photos(...folders: readonly string[]): Promise<void> {
  let shade = 0;
  for (const each of folders)
    for (let i = 0; i < 6; i++) await folder.image(`${each}/${i}.png`, [9, shade++, 9]);
}

async function greens(job: Shared, classes: readonly string[], part: number | null): Promise<number[]> {
  const { train } = await prepareClientData(clientJob(job, classes), { folder: folder.path, part });
  return Array.from(train.labels, (_, i) => train.images[i * 48 + 1]!);
}

describe('byFolder', () => {
  it('gives each client its own folder, less what the coordinator holds', async () => {
    await photos('ann/cat', 'ann/dog', 'bob/cat', 'bob/owl');
    const job = serverJob({ kind: 'byFolder' });
    const { classes, server } = await prepareServerData(job, folder.path);
    const [ann, bob] = [await greens(job, classes, 0), await greens(job, classes, 1)];

    expect(classes).toEqual(['cat', 'dog', 'owl']);
    expect(server && datasetSize(server)).toBe(3);
    expect(Math.max(...ann)).toBeLessThan(12);
    expect(Math.min(...bob)).toBeGreaterThanOrEqual(12);
    expect(ann.length + bob.length).toBe(21);
  });

  it('needs such folders', async () => {
    await photos('cat', 'dog');
    const job = serverJob({ kind: 'byFolder' });
    await expect(prepareServerData(job, folder.path)).rejects.toThrow(/no class folder/);
  });
});

describe('a partition file', () => {
  const spec: PartitionSpec = { kind: 'shards', classesPerClient: 1, minSamples: 1 };
  const byFile = serverJob({ kind: 'file', path: 'p.json' });

  it('gives what the partition it was made from gives', async () => {
    await photos('cat', 'dog');
    const made = serverJob(spec);
    await folder.write('p.json', partitionFileText(await partitionOfJob(made, folder.path)));
    for (const part of [0, 1]) {
      expect(await greens(byFile, ['cat', 'dog'], part)).toEqual(await greens(made, ['cat', 'dog'], part));
    }
    expect(await partitionOfJob(byFile, folder.path)).toMatchObject({
      server: expect.any(Array),
      counts: expect.any(Array),
    });
  });

  it('divides procedural images too, and lies in the folder given for it', async () => {
    const images = { kind: 'procedural', numClasses: 2, samplesPerClass: 6, testSamplesPerClass: 0 } as const;
    const shape = { data: images, imageShape: [8, 8, 3] } as const;
    await folder.write('p.json', partitionFileText(await partitionOfJob(serverJob(spec, shape), null)));
    const job = serverJob({ kind: 'file', path: 'p.json' }, shape);
    const { classes, server } = await prepareServerData(job, folder.path);
    expect(server?.labels).toHaveLength(2);
    const parts = [0, 1].map((part) =>
      prepareClientData(clientJob(job, classes), { folder: folder.path, part }),
    );
    expect((await Promise.all(parts)).map(({ train }) => train.labels.length)).toEqual([5, 5]);
    await expect(prepareClientData(clientJob(job, classes), { folder: null, part: 0 })).rejects.toThrow(
      'give the folder that holds the file with --data <folder>',
    );
  });

  it.each<[string, () => Promise<unknown>, Partial<Shared>, RegExp]>([
    [
      'is missing',
      async () => folder.write('x', ''),
      {},
      /\[invalid_data\] the partition file .*p.json cannot be read \(ENOENT\)/,
    ],
    ['is of other files', async () => folder.image('cat/new.png'), {}, /was written for other data/],
    [
      'is of another seed',
      () => Promise.resolve(),
      { seed: 6 },
      /holds 2 other samples out .* use its seed, 5/,
    ],
    [
      'is for other clients',
      () => Promise.resolve(),
      { numClients: 3 },
      /has 2 parts for 3 clients; set numClients to 2/,
    ],
    [
      'was cut short',
      async () => folder.write('p.json', (await readFile(join(folder.path, 'p.json'), 'utf8')).slice(0, 99)),
      {},
      /cannot be read/,
    ],
  ])('that %s is refused', async (what, change, changes, message) => {
    await photos('cat', 'dog');
    if (what !== 'is missing')
      await folder.write('p.json', partitionFileText(await partitionOfJob(serverJob(spec), folder.path)));
    await change();
    await expect(greens({ ...byFile, ...changes }, ['cat', 'dog'], 0)).rejects.toThrow(message);
  });
});

describe('sets in a few files', () => {
  it('are shared out like image folders: grey 4×4 for a grey job of 8×8', async () => {
    const path = await mnistFolder(folder, 8);
    const job = serverJob({ kind: 'iid' }, { data: { ...data, kind: 'idx' }, imageShape: [8, 8, 1] });
    const { server, test, classes } = await prepareServerData(job, path);
    const parts = await Promise.all(
      [0, 1].map((part) => prepareClientData(clientJob(job, classes), { folder: path, part })),
    );

    expect([server, test, ...parts.map(({ train }) => train)].map((each) => each?.labels.length)).toEqual([
      3, 6, 10, 11,
    ]);
    expect(parts[0]?.train.images).toHaveLength(10 * 64);
    for (const { train } of parts) {
      for (const [i, label] of train.labels.entries()) expect(train.images[i * 64]).toBe(60 * label + 20);
    }
  });

  it('split a test set off when they have none', async () => {
    for (const batch of [1, 2, 3, 4, 5])
      await folder.write(`data_batch_${batch}.bin`, cifarBatch([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    const job = serverJob(
      { kind: 'iid' },
      { data: { ...data, kind: 'cifarBinary', testFraction: 0.2 }, imageShape: [32, 32, 3] },
    );
    const { test } = await prepareServerData(job, folder.path);
    expect([...(test?.labels ?? [])].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect((await partitionOfJob(job, folder.path)).parts.flat()).toHaveLength(30);
  });
});
