import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  cifarClasses,
  idxImages,
  npyImages,
  parseCifar,
  parseIdx,
  parseNpy,
  type CifarKind,
  type LabelledImages,
} from '@espalier/client/data-formats';
import { EspalierError, isEspalierError, type FileDataSpec } from '@espalier/core';
import { readBounded } from '@espalier/disk';
import { codeOf } from './image-folder.js';
import { unzippedIdx } from './unzipped-idx.js';

/** Training and test images of a set that comes in a few large files. */
export interface FileSet {
  readonly classes: readonly string[];
  readonly train: LabelledImages;
  readonly test: LabelledImages | null;
}

/** Bytes of the largest file that is read: what Node's buffers hold on every platform. */
const LARGEST_FILE = 2 ** 31 - 1;

/**
 * Reads a set of that kind from a folder, or from the one folder inside it that has the files.
 * @throws EspalierError `invalid_data` naming the file that is missing, cut short, or at odds with another.
 */
export async function readFileSet(
  kind: Exclude<FileDataSpec['kind'], 'imageFolder'>,
  folder: string,
): Promise<FileSet> {
  switch (kind) {
    case 'cifarBinary':
      return readCifar(folder);
    case 'idx':
      return readIdx(folder);
    case 'npy':
      return readNpy(folder);
  }
}

async function readCifar(root: string): Promise<FileSet> {
  const { folder, names } = await folderWith(
    root,
    /^(data_batch_\d|train)\.bin$/,
    'data_batch_1.bin or train.bin',
  );
  const kind: CifarKind = names.includes('train.bin') ? 'cifar100' : 'cifar10';
  const batches =
    kind === 'cifar100' ? ['train.bin'] : [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`);
  const missing = batches.filter((name) => !names.includes(name));
  if (missing.length > 0)
    throw wrong(folder, `lacks ${missing.join(', ')}; fetch the archive again and unpack it whole`);
  const parts: LabelledImages[] = [];
  for (const name of batches) parts.push(parseCifar(await bytesOf(join(folder, name)), kind, name));
  const testName = kind === 'cifar100' ? 'test.bin' : 'test_batch.bin';
  const test = names.includes(testName)
    ? parseCifar(await bytesOf(join(folder, testName)), kind, testName)
    : null;
  const nameFile = kind === 'cifar100' ? 'fine_label_names.txt' : 'batches.meta.txt';
  const named = names.includes(nameFile) ? await namesOf(join(folder, nameFile), cifarClasses(kind)) : null;
  return { classes: named ?? numbered(cifarClasses(kind)), train: joined(parts), test };
}

async function namesOf(path: string, count: number): Promise<readonly string[]> {
  const text = (await bytesOf(path)).toString('utf8');
  const names = text.split(/\r?\n/).map((line) => line.trim());
  const kept = names.filter((name) => name !== '');
  if (kept.length !== count) throw wrong(path, `has ${kept.length} class names; expected ${count}`);
  return kept;
}

async function readIdx(root: string): Promise<FileSet> {
  const { folder, names } = await folderWith(
    root,
    /train-images[-.]idx3-ubyte(\.gz)?$/,
    'train-images-idx3-ubyte(.gz)',
  );
  const train = await idxPair(folder, names, 'train');
  if (train === null) throw wrong(folder, 'lacks train-labels-idx1-ubyte(.gz), the labels of its images');
  const test = (await idxPair(folder, names, 't10k')) ?? (await idxPair(folder, names, 'test'));
  return withNumberedClasses(folder, train, test);
}

async function idxPair(
  folder: string,
  names: readonly string[],
  split: string,
): Promise<LabelledImages | null> {
  const find = (what: string): string | undefined =>
    names.find((name) => new RegExp(`(^|[-_.])${split}-${what}[-.]idx\\d-ubyte(\\.gz)?$`).test(name));
  const [imageName, labelName] = [find('images'), find('labels')];
  if (imageName === undefined && labelName === undefined) return null;
  if (imageName === undefined || labelName === undefined) {
    throw wrong(folder, `has only one of ${split}-images and ${split}-labels; both are needed`);
  }
  const images = parseIdx(await idxBytes(join(folder, imageName)), imageName);
  const labels = parseIdx(await idxBytes(join(folder, labelName)), labelName);
  return idxImages(images, labels, [imageName, labelName]);
}

async function readNpy(root: string): Promise<FileSet> {
  const names = await listed(root);
  const trainFolder = names.includes('images.npy') ? root : join(root, 'train');
  const train = await npyPair(trainFolder);
  if (train === null) throw wrong(root, 'has neither images.npy nor train/images.npy');
  return withNumberedClasses(root, train, await npyPair(join(root, 'test')));
}

async function npyPair(folder: string): Promise<LabelledImages | null> {
  const names = await listed(folder).catch((): readonly string[] => []);
  const [images, labels] = ['images.npy', 'labels.npy'] as const;
  if (!names.includes(images) && !names.includes(labels)) return null;
  for (const name of [images, labels]) if (!names.includes(name)) throw wrong(folder, `lacks ${name}`);
  const read = async (name: string) => parseNpy(await bytesOf(join(folder, name)), name);
  return npyImages(await read(images), await read(labels), [images, labels]);
}

/** Classes are numbers; the highest training label says how many. */
function withNumberedClasses(folder: string, train: LabelledImages, test: LabelledImages | null): FileSet {
  const highest = ({ labels }: LabelledImages): number =>
    labels.reduce((most, label) => Math.max(most, label), -1);
  const count = highest(train) + 1;
  if (count < 2) throw wrong(folder, `has training labels of ${count} class; expected at least 2`);
  if (test !== null && highest(test) >= count) {
    throw wrong(folder, `has test images of class ${highest(test)}; the training labels end at ${count - 1}`);
  }
  return { classes: numbered(count), train, test };
}

const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => String(i));

function joined(parts: readonly LabelledImages[]): LabelledImages {
  const [first] = parts;
  if (first === undefined || parts.length === 1)
    return first ?? { imageShape: [1, 1, 1], images: new Uint8Array(0), labels: new Uint16Array(0) };
  const images = new Uint8Array(parts.reduce((sum, part) => sum + part.images.length, 0));
  const labels = new Uint16Array(parts.reduce((sum, part) => sum + part.labels.length, 0));
  let [atImage, atLabel] = [0, 0];
  for (const part of parts) {
    images.set(part.images, atImage);
    labels.set(part.labels, atLabel);
    atImage += part.images.length;
    atLabel += part.labels.length;
  }
  return { imageShape: first.imageShape, images, labels };
}

async function folderWith(
  root: string,
  file: RegExp,
  what: string,
): Promise<{ readonly folder: string; readonly names: readonly string[] }> {
  const here = await listed(root);
  if (here.some((name) => file.test(name))) return { folder: root, names: here };
  const inside: { readonly folder: string; readonly names: readonly string[] }[] = [];
  for (const name of here) {
    const names = await listed(join(root, name)).catch((): readonly string[] => []);
    if (names.some((inner) => file.test(inner))) inside.push({ folder: join(root, name), names });
  }
  const [found, another] = inside;
  if (another !== undefined) {
    throw wrong(
      root,
      `holds several sets, ${inside.map(({ folder }) => basename(folder)).join(', ')}; give the folder of one`,
    );
  }
  if (found !== undefined) return found;
  throw wrong(root, `has no ${what}; give the folder that holds the unpacked files`);
}

async function listed(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    throw wrong(folder, `cannot be opened (${codeOf(error)}); give a folder with data files`);
  }
}

async function idxBytes(path: string): Promise<Uint8Array> {
  const bytes = await bytesOf(path);
  return path.endsWith('.gz') ? unzippedIdx(bytes, basename(path)) : bytes;
}

async function bytesOf(path: string): Promise<Buffer> {
  return readBounded(path, LARGEST_FILE).catch((error: unknown) => {
    if (!isEspalierError(error) || error.code !== 'storage') throw error;
    throw wrong(path, `cannot be read (${String(error.facts['system'] ?? 'unknown')})`);
  });
}

function wrong(path: string, what: string): EspalierError {
  return new EspalierError('invalid_data', `${path} ${what}`, { path });
}
