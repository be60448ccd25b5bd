import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseJob } from '@espalier/server';
import { runInProcess } from './support/in-process.js';
import { TINY_JOB } from './support/tiny-job.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-kinds-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Grey 28×28 squares, each class of its own size; as the MNIST family keeps them. */
async function digits(to: string): Promise<string> {
  const path = join(folder, to);
  await mkdir(path, { recursive: true });
  for (const [split, count] of [
    ['train', 60],
    ['t10k', 12],
  ] as const) {
    const images = new Uint8Array(count * 784);
    for (let i = 0; i < count; i++) {
      const side = 6 + 8 * (i % 3);
      for (let y = 4; y < 4 + side; y++)
        images.fill(255 - (i % 20), i * 784 + y * 28 + 4, i * 784 + y * 28 + 4 + side);
    }
    const header = (rank: number, ...shape: number[]) => [
      0,
      0,
      8,
      rank,
      ...shape.flatMap((n) => [0, 0, n >> 8, n & 255]),
    ];
    const idx = Uint8Array.from([...header(3, count, 28, 28), ...images]);
    await writeFile(join(path, `${split}-images-idx3-ubyte.gz`), gzipSync(idx));
    const labels = Array.from({ length: count }, (_, i) => i % 3);
    await writeFile(
      join(path, `${split}-labels-idx1-ubyte.gz`),
      gzipSync(Uint8Array.from([...header(1, count), ...labels])),
    );
  }
  return path;
}

describe('a FedTiny job to its end', () => {
  it.each([
    '{ kind: shards, classesPerClient: 2, minSamples: 4 }',
    '{ kind: quantitySkew, alpha: 1, minSamples: 4 }',
  ])('on grey 28×28 IDX files, split by %s', async (partition) => {
    const overrides = [
      'data={kind: idx}',
      'imageSize=28',
      'channels=1',
      'rounds=3',
      'pruning.stopRound=3',
      `partition=${partition}`,
    ];
    const { summary } = await runInProcess(parseJob(TINY_JOB, { overrides }), [0, 1, 2], {
      folder: await digits('mnist'),
    });
    expect(summary).toMatchObject({ rounds: 3, stopped: false });
    // Whole weights per layer: a small network lands near its target.
    expect(summary.density.maskable).toBeCloseTo(0.2, 1);
    expect(summary.accuracy.final).not.toBeNull();
  });
});
