import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildModel, initialState, zooNames } from '@espalier/core';
import { exportLayersModel } from '@espalier/core/formats';
import { writeLayersModel } from '@espalier/client-node';
import { parseJob } from '@espalier/server';
import { runInProcess } from './support/in-process.js';

/** One round of FedTiny with selection and an adjustment to follow, as small as each network allows. */
const smallJob = (model: string, more = ''): string => `
name: small
model: ${model}
data: { kind: procedural, numClasses: 3, samplesPerClass: 16, testSamplesPerClass: 2 }
imageSize: 8
partition: { kind: iid }
numClients: 2
rounds: 3
localEpochs: 1
batchSize: 8
learningRate: 0.02
targetDensity: 0.3
pool: { size: 2 }
pruning: { interval: 1, stopRound: 3, granularity: entire }
pretrain: { epochs: 1, samplesPerClass: 2 }
${more}`;

const WIDTHS: Readonly<Record<string, number>> = {
  mlp: 16,
  'cnn-small': 4,
  resnet18: 4,
  resnet20: 4,
  'vgg11-bn': 4,
  mobilenet: 8,
  squeezenet: 16,
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-models-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('FedTiny runs to its end', () => {
  it('on every network of the zoo this table knows', () => {
    expect(Object.keys(WIDTHS).sort()).toEqual([...zooNames()].sort());
  });

  it.each(zooNames())('with %s', async (name) => {
    const job = parseJob(smallJob(`{ name: ${name}, width: ${WIDTHS[name]} }`));
    const { summary } = await runInProcess(job, [0, 1]);
    expect(summary).toMatchObject({ rounds: 3, stopped: false, mask: { version: 2 } });
    expect(Math.abs(summary.density.maskable - 0.3)).toBeLessThan(0.02);
  });

  it('with grey images of 28×28', async () => {
    const job = parseJob(
      smallJob('{ name: cnn-small, width: 4 }', 'channels: 1').replace('imageSize: 8', 'imageSize: 28'),
    );
    expect((await runInProcess(job, [0, 1])).summary).toMatchObject({ rounds: 3, stopped: false });
  });

  it('with a LayersModel of the user, beginning with its weights', async () => {
    const graph = buildModel({ name: 'resnet20', width: 4 }, [8, 8, 3], 3);
    await writeLayersModel(folder, exportLayersModel(graph, initialState(graph, 9), null));
    const job = parseJob(smallJob(`{ file: '${join(folder, 'model.json')}' }`));
    const { summary } = await runInProcess(job, [0, 1]);
    expect(summary).toMatchObject({ rounds: 3, stopped: false });
    const fresh = parseJob(smallJob(`{ file: '${join(folder, 'model.json')}', weights: fresh }`));
    expect((await runInProcess(fresh, [0, 1])).summary.model.hash).not.toBe(summary.model.hash);
  });

  it.each([
    ['of other images', 'imageSize: 9', /takes \[8,8,3\]/],
    [
      'of other classes',
      'data: { kind: procedural, numClasses: 4 }',
      /tells 3 classes apart, the data have 4/,
    ],
  ])('but not with a LayersModel %s', async (_, more, sentence) => {
    const text = smallJob(`{ file: '${join(folder, 'model.json')}' }`);
    const [key = ''] = more.split(':');
    const job = parseJob(text.replace(new RegExp(`^${key}:.*$`, 'm'), more));
    await expect(runInProcess(job, [0, 1])).rejects.toThrow(sentence);
  });
});
