import { gzipSync } from 'node:zlib';
import type { TestFolder } from './image-files.js';

/** Bytes of an IDX file of unsigned bytes. */
export function idxFile(shape: readonly number[], values: ArrayLike<number>): Uint8Array {
  const dims = shape.flatMap((n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
  return Uint8Array.from([0, 0, 8, shape.length, ...dims, ...Array.from(values)]);
}

/** Bytes of an NPY file of `uint8`. */
export function npyFile(shape: readonly number[], values: ArrayLike<number>): Uint8Array {
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(', ')},), }\n`;
  return Uint8Array.from([
    0x93,
    ...Buffer.from('NUMPY'),
    1,
    0,
    header.length,
    0,
    ...Buffer.from(header),
    ...Array.from(values),
  ]);
}

/** A CIFAR-10 batch whose images are one grey each: ten times the label, plus the position. */
export function cifarBatch(labels: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(labels.length * 3073);
  for (const [i, label] of labels.entries())
    bytes.fill(10 * label + i, i * 3073, (i + 1) * 3073).fill(label, i * 3073, i * 3073 + 1);
  return bytes;
}

/** A small MNIST: 3 classes, `perClass` training and 2 test images each of 4×4, one shade per class; gzipped. */
export async function mnistFolder(folder: TestFolder, perClass: number): Promise<string> {
  const labels = (count: number) => Array.from({ length: 3 * count }, (_, i) => i % 3);
  const write = async (split: string, count: number): Promise<void> => {
    const all = labels(count);
    const pixels = all.flatMap((label) => Array.from({ length: 16 }, () => 60 * label + 20));
    await folder.write(`mnist/${split}-images-idx3-ubyte.gz`, gzipSync(idxFile([all.length, 4, 4], pixels)));
    await folder.write(`mnist/${split}-labels-idx1-ubyte.gz`, gzipSync(idxFile([all.length], all)));
  };
  await write('train', perClass);
  await write('t10k', 2);
  return `${folder.path}/mnist`;
}
