import { chmod } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cifarBatch, idxFile, mnistFolder, npyFile } from '../testing/data-files.js';
import { testFolder, type TestFolder } from '../testing/image-files.js';
import { readFileSet } from './file-set.js';
import { openSource } from './sample-source.js';

let folder: TestFolder;
beforeEach(async () => {
  folder = await testFolder();
});
afterEach(() => folder.remove());

async function cifar10(): Promise<void> {
  for (const batch of [1, 2, 3, 4, 5])
    await folder.write(`cifar/data_batch_${batch}.bin`, cifarBatch([batch, 0]));
  await folder.write('cifar/test_batch.bin', cifarBatch([9]));
}

describe('CIFAR files', () => {
  it('are joined in order, found one folder deep, named where there are names', async () => {
    await cifar10();
    await folder.write('cifar/batches.meta.txt', `${'abcdefghij'.split('').join('\n')}\n\n`);

    const { classes, train, test } = await readFileSet('cifarBinary', folder.path);

    expect(classes).toEqual('abcdefghij'.split(''));
    expect([...train.labels]).toEqual([1, 0, 2, 0, 3, 0, 4, 0, 5, 0]);
    expect(train.images[2 * 3072]).toBe(20);
    expect([...(test?.labels ?? [])]).toEqual([9]);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['nothing is there', () => folder.write('x.txt', ''), /has no data_batch_1.bin or train.bin/],
    [
      'a batch is missing',
      () => folder.write('data_batch_1.bin', cifarBatch([1])),
      /lacks data_batch_2.bin, .*data_batch_5/,
    ],
    [
      'a batch is cut short',
      async () => {
        await cifar10();
        await folder.write('cifar/data_batch_3.bin', cifarBatch([3]).subarray(0, 1000));
      },
      /data_batch_3.bin has 1000 bytes/,
    ],
    [
      'there are two sets',
      async () => {
        await cifar10();
        await folder.write('more/train.bin', '');
      },
      /holds several sets, cifar, more; give the folder of one/,
    ],
    [
      'names do not match',
      async () => {
        await cifar10();
        await folder.write('cifar/batches.meta.txt', 'cat\ndog\n');
      },
      /has 2 class names; expected 10/,
    ],
  ])('are refused when %s', async (_, make, message) => {
    await make();
    await expect(readFileSet('cifarBinary', folder.path)).rejects.toThrow(message);
  });
});

describe('IDX files', () => {
  it('are read gzipped, numbered by the training labels', async () => {
    const { classes, train, test } = await readFileSet('idx', await mnistFolder(folder, 3));

    expect(classes).toEqual(['0', '1', '2']);
    expect(train.imageShape).toEqual([4, 4, 1]);
    expect([train.labels.length, test?.labels.length]).toEqual([9, 6]);
  });

  it('are fitted to the job and divided like any others', async () => {
    const spec = { kind: 'idx', samplesPerClass: 2, testSamplesPerClass: 1, testFraction: 0.5 } as const;
    const source = await openSource({
      spec,
      imageShape: [8, 8, 3],
      seed: 1,
      folder: await mnistFolder(folder, 3),
    });
    const { dataset } = await source.load([4]);

    expect(source.labels).toEqual([0, 1, 2, 0, 1, 2]);
    expect([...dataset.images]).toEqual(Array.from({ length: 192 }, () => 80));
    expect((await source.loadTest())?.dataset.labels).toHaveLength(3);
  });

  it.each<[string, string, Uint8Array, RegExp]>([
    ['are cut short', 'train-images-idx3-ubyte', idxFile([2, 2, 2], [1, 2, 3]), /has 3 values/],
    [
      'are a gzip cut short',
      'train-images-idx3-ubyte.gz',
      gzipSync(idxFile([99, 99, 9], new Uint8Array(99 * 99 * 9))).subarray(0, 40),
      /cannot be unzipped/,
    ],
    [
      'are a gzip of more than their header says',
      'train-images-idx3-ubyte.gz',
      gzipSync(Buffer.concat([idxFile([2, 1, 1], [1, 2]), Buffer.alloc(9)])),
      /holds more than its header says/,
    ],
    [
      'are a gzip that unzips to a gigabyte of nothing',
      'train-images-idx3-ubyte.gz',
      gzipSync(Buffer.alloc(50_000_000)),
      /holds elements of unknown type 0/,
    ],
    [
      'are a small gzip that says it is a large file',
      'train-images-idx3-ubyte.gz',
      gzipSync(Buffer.from([0, 0, 8, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0])),
      /its header says 281474976710672 bytes/,
    ],
    ['are no gzip', 'train-images-idx3-ubyte.gz', Buffer.from('<html>'), /cannot be unzipped/],
    [
      'have labels of other images',
      'train-images-idx3-ubyte',
      idxFile([3, 1, 1], [1, 2, 3]),
      /has 2 labels for the 3 images/,
    ],
    [
      'have labels of one class',
      'train-labels-idx1-ubyte',
      idxFile([2], [0, 0]),
      /labels of 1 class; expected at least 2/,
    ],
    [
      'have test classes of their own',
      't10k-labels-idx1-ubyte',
      idxFile([1], [7]),
      /test images of class 7; .* end at 1/,
    ],
  ])('are refused when they %s', async (_, name, bytes, message) => {
    await folder.write('train-labels-idx1-ubyte', idxFile([2], [0, 1]));
    if (!name.startsWith('train-images'))
      await folder.write('train-images-idx3-ubyte', idxFile([2, 1, 1], [1, 2]));
    await folder.write('t10k-images-idx3-ubyte', idxFile([1, 1, 1], [1]));
    await folder.write('t10k-labels-idx1-ubyte', idxFile([1], [1]));
    await folder.write(name, bytes);

    await expect(readFileSet('idx', folder.path)).rejects.toThrow(message);
  });

  it('are refused without their labels', async () => {
    await folder.write('train-images-idx3-ubyte', idxFile([2, 1, 1], [1, 2]));
    await expect(readFileSet('idx', folder.path)).rejects.toThrow(
      /only one of train-images and train-labels/,
    );
  });
});

describe('NPY files', () => {
  it('lie in the folder, or in train/ and test/', async () => {
    await folder.write('a/images.npy', npyFile([2, 1, 1], [5, 6]));
    await folder.write('a/labels.npy', npyFile([2], [0, 1]));
    await folder.write('b/train/images.npy', npyFile([2, 1, 1], [5, 6]));
    await folder.write('b/train/labels.npy', npyFile([2], [0, 1]));
    await folder.write('b/test/images.npy', npyFile([1, 1, 1], [7]));
    await folder.write('b/test/labels.npy', npyFile([1], [1]));

    expect((await readFileSet('npy', `${folder.path}/a`)).test).toBeNull();
    expect((await readFileSet('npy', `${folder.path}/b`)).test?.labels).toEqual(Uint16Array.of(1));
  });

  it('are refused without their labels, and where there are none', async () => {
    await expect(readFileSet('npy', folder.path)).rejects.toThrow(
      'has neither images.npy nor train/images.npy',
    );
    await folder.write('images.npy', npyFile([2, 1, 1], [5, 6]));
    await expect(readFileSet('npy', folder.path)).rejects.toThrow('lacks labels.npy');
  });

  it('name the file that cannot be read', async () => {
    await expect(readFileSet('npy', `${folder.path}/none`)).rejects.toThrow(
      /none cannot be opened \(ENOENT\)/,
    );
    await folder.write('images.npy', npyFile([2, 1, 1], [5, 6]));
    const labels = await folder.write('labels.npy', npyFile([2], [0, 1]));
    await chmod(labels, 0);
    // The superuser may read anything.
    if (process.getuid?.() !== 0)
      await expect(readFileSet('npy', folder.path)).rejects.toThrow(/labels.npy cannot be read \(EACCES\)/);
  });
});
