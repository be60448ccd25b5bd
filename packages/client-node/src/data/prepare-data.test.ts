import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { buildModel, datasetSize, type Dataset, type Job } from '@espalier/core';
import type { ClientJob } from '@espalier/core/protocol';
import { testFolder, type TestFolder } from '../testing/image-files.js';
import { prepareClientData, prepareServerData } from './prepare-data.js';

const PER_CLASS = 12;

let folder: TestFolder;
beforeEach(async () => {
  folder = await testFolder();
});
afterEach(() => folder.remove());

/** Images whose first pixel tells the class and the number of the file. */
async function imageFolder(): Promise<string> {
  for (const [label, name] of ['cat', 'dog', 'emu'].entries()) {
    for (let i = 0; i < PER_CLASS; i++) {
      await folder.image(`train/${name}/${i + 10}.png`, [80 * label, 10 * i, 7], { width: 2, height: 2 });
    }
    await folder.image(`test/${name}/0.png`, [80 * label, 255, 7], { width: 2, height: 2 });
    await folder.image(`test/${name}/1.png`, [80 * label, 254, 7], { width: 2, height: 2 });
  }
  return folder.path;
}

function clientJob(changes: Partial<ClientJob> = {}): ClientJob {
  return {
    name: 'test',
    seed: 5,
    numClients: 3,
    classes: ['cat', 'dog', 'emu'],
    graph: buildModel({ name: 'mlp', width: 2 }, [2, 2, 3], 3),
    data: { kind: 'imageFolder', samplesPerClass: null, testSamplesPerClass: null, testFraction: 0 },
    partition: { kind: 'dirichlet', alpha: 0.5, minSamples: 3 },
    serverSamplesPerClass: 2,
    normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
    developmentFraction: 0.1,
    evaluationFraction: 0,
    maxFrameBytes: 4096,
    ...changes,
  };
}

type DataJob = Pick<Job, 'data' | 'imageShape' | 'seed' | 'pretrain'>;

function serverJob(changes: Partial<DataJob> = {}): DataJob {
  return {
    data: { kind: 'imageFolder', samplesPerClass: null, testSamplesPerClass: null, testFraction: 0 },
    imageShape: [2, 2, 3],
    seed: 5,
    pretrain: { epochs: 1, learningRate: 0.1, samplesPerClass: 2 },
    ...changes,
  };
}

/** `label:first green` of every sample, which tells the file. */
function samplesOf(dataset: Dataset | null): string[] {
  if (dataset === null) return [];
  const stride = dataset.images.length / datasetSize(dataset);
  return Array.from(dataset.labels, (label, i) => `${label}:${dataset.images[i * stride + 1]}`);
}

const everyone = [0, 1, 2]
  .flatMap((label) => Array.from({ length: PER_CLASS }, (_, i) => `${label}:${10 * i}`))
  .sort();

describe('an image folder shared out by parts', () => {
  it('gives every training image to exactly one client or the coordinator', async () => {
    const path = await imageFolder();
    const parts = await Promise.all(
      [0, 1, 2].map((part) => prepareClientData(clientJob(), { folder: path, part })),
    );
    const { server, classes } = await prepareServerData(serverJob(), path);

    const shares = [...parts.map(({ train }) => samplesOf(train)), samplesOf(server)];

    expect(shares.flat().sort()).toEqual(everyone);
    expect(samplesOf(server).map((sample) => sample[0])).toEqual(['0', '0', '1', '1', '2', '2']);
    expect(shares.every((share) => share.length >= 3)).toBe(true);
    expect(classes).toEqual(['cat', 'dog', 'emu']);
  });

  it('keeps everybody else as they were when an image is damaged, and names it', async () => {
    const path = await imageFolder();
    const before = await Promise.all(
      [0, 1, 2].map((part) => prepareClientData(clientJob(), { folder: path, part })),
    );
    const held = new Set(samplesOf((await prepareServerData(serverJob(), path)).server));
    const victim = [0, 1, 2].find((i) => !held.has(`1:${10 * i}`)) ?? 0;
    const file = await folder.write(`train/dog/${victim + 10}.png`, 'damaged');
    const after = await Promise.all(
      [0, 1, 2].map((part) => prepareClientData(clientJob(), { folder: path, part })),
    );

    expect(after.flatMap(({ broken }) => broken)).toEqual([file]);
    for (const [part, { train }] of after.entries()) {
      expect(samplesOf(train)).toEqual(
        samplesOf(before[part]?.train ?? null).filter((sample) => sample !== `1:${10 * victim}`),
      );
    }
  });

  it('takes the first images of each class where the job has a limit', async () => {
    const path = await imageFolder();
    const data = {
      kind: 'imageFolder',
      samplesPerClass: 6,
      testSamplesPerClass: 1,
      testFraction: 0,
    } as const;
    const parts = await Promise.all(
      [0, 1, 2].map((part) => prepareClientData(clientJob({ data }), { folder: path, part })),
    );
    const { server, test } = await prepareServerData(serverJob({ data }), path);

    const all = [...parts.flatMap(({ train }) => samplesOf(train)), ...samplesOf(server)].sort();
    expect(all).toEqual(everyone.filter((sample) => Number(sample.slice(2)) < 60));
    expect(samplesOf(test)).toEqual(['0:255', '1:255', '2:255']);
  });

  it('is a folder of its own without a part: nothing is left to anybody', async () => {
    const { train, evaluation } = await prepareClientData(clientJob(), {
      folder: await imageFolder(),
      part: null,
    });

    expect(samplesOf(train).sort()).toEqual(everyone);
    expect(evaluation).toBeNull();
  });

  it('holds samples out for evaluation when the job says so', async () => {
    const options = { folder: await imageFolder(), part: 1 };
    const whole = await prepareClientData(clientJob(), options);
    const { train, evaluation } = await prepareClientData(clientJob({ evaluationFraction: 0.25 }), options);

    expect([...samplesOf(train), ...samplesOf(evaluation)].sort()).toEqual(samplesOf(whole.train).sort());
    expect(samplesOf(evaluation)).toHaveLength(Math.round(datasetSize(whole.train) / 4));
  });
});

describe('procedural images', () => {
  const data = { kind: 'procedural', numClasses: 3, samplesPerClass: 8, testSamplesPerClass: 4 } as const;
  const imageShape = [8, 8, 3] as const;
  const classesOf = async () => (await prepareServerData(serverJob({ data, imageShape }), null)).classes;

  it('are shared out like any others, and the coordinator has its test set', async () => {
    const graph = buildModel({ name: 'mlp', width: 2 }, imageShape, 3);
    const job = clientJob({ data, graph, classes: await classesOf() });
    const parts = await Promise.all([0, 1, 2].map((part) => prepareClientData(job, { folder: null, part })));
    const { server, test, broken } = await prepareServerData(serverJob({ data, imageShape }), null);

    expect(parts.reduce((sum, { train }) => sum + datasetSize(train), 0)).toBe(3 * (8 - 2));
    expect(server && datasetSize(server)).toBe(6);
    expect(test && datasetSize(test)).toBe(12);
    expect(broken).toEqual([]);
  });
});

describe('the coordinator', () => {
  it('may hold nothing out, and have no test set', async () => {
    await folder.image('a/1.png');
    await folder.image('b/1.png');
    const job = serverJob({ pretrain: { epochs: 0, learningRate: 0.1, samplesPerClass: 0 } });

    expect(await prepareServerData(job, folder.path)).toEqual({
      skipped: [],
      warnings: [],
      classes: ['a', 'b'],
      server: null,
      test: null,
      broken: [],
    });
  });
});

describe('what cannot be read', () => {
  it('is refused with both lists when the classes differ', async () => {
    const job = clientJob({ classes: ['cat', 'dog'] });

    await expect(prepareClientData(job, { folder: await imageFolder(), part: 0 })).rejects.toThrow(
      '[classes_differ] this folder has the classes [cat, dog, emu], the job [cat, dog]',
    );
  });

  it('is named when a folder is missing, or given for nothing', async () => {
    const procedural = {
      kind: 'procedural',
      numClasses: 3,
      samplesPerClass: 8,
      testSamplesPerClass: 4,
    } as const;

    await expect(prepareClientData(clientJob(), { folder: null, part: 0 })).rejects.toThrow(
      '[invalid_data] this job trains on a folder of images, but got none; give one with --data',
    );
    await expect(
      prepareClientData(clientJob({ data: procedural }), { folder: '/x', part: 0 }),
    ).rejects.toThrow('[invalid_data] this job makes its own images');
  });

  it('is a part beyond the number of clients', async () => {
    await expect(prepareClientData(clientJob(), { folder: await imageFolder(), part: 3 })).rejects.toThrow(
      '[invalid_argument] there is no part 4 of 3',
    );
  });
});
