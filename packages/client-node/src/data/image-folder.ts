import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError } from '@espalier/core';

/** One image file and what it shows. */
export interface ImageEntry {
  readonly path: string;
  /** Index into the folder's classes. */
  readonly label: number;
}

/** An image folder's listing; nothing is decoded yet. */
export interface ImageFolder {
  readonly root: string;
  /** Names of the class folders, sorted. */
  readonly classes: readonly string[];
  /** Class by class, file names sorted within each. */
  readonly train: readonly ImageEntry[];
  /** The same of `test/`; null where there is none. */
  readonly test: readonly ImageEntry[] | null;
}

const IMAGE_FILE = /^[^.].*\.(jpe?g|png)$/i;

/**
 * Lists `<root>/train/<class>/*` with an optional `<root>/test/<class>/*`, or `<root>/<class>/*` where there is no
 * `train/`; JPEG and PNG files, everything else is passed over. Names are sorted by their UTF-16 code units, so the same
 * files give the same listing on every machine.
 * @throws EspalierError `invalid_data` when the folder is missing, has fewer than two classes or no image.
 */
export async function scanImageFolder(root: string): Promise<ImageFolder> {
  if (!(await isFolder(root))) {
    throw new EspalierError(
      'invalid_data',
      `there is no folder ${root}; expected one with a folder of images per class`,
      { path: root },
    );
  }
  const trainRoot = join(root, 'train');
  const split = await isFolder(trainRoot);
  const classRoot = split ? trainRoot : root;
  const classes = await subfolders(classRoot);
  checkClasses(classRoot, classes);
  const train = await entriesOf(classRoot, classes);
  if (train.length === 0) {
    throw new EspalierError(
      'invalid_data',
      `no JPEG or PNG file under ${classRoot}/<class>/; put the images of each class into its folder`,
      { path: classRoot },
    );
  }
  return { root, classes, train, test: split ? await testEntries(join(root, 'test'), classes) : null };
}

function checkClasses(root: string, classes: readonly string[]): void {
  if (classes.length >= 2) return;
  const found = classes.length === 0 ? 'no class folder' : `one class only, ${classes.join()}`;
  throw new EspalierError(
    'invalid_data',
    `${root} has ${found}; expected a folder of images for each of at least 2 classes`,
    { path: root, classes: classes.length },
  );
}

async function testEntries(root: string, classes: readonly string[]): Promise<readonly ImageEntry[] | null> {
  if (!(await isFolder(root))) return null;
  const stray = (await subfolders(root)).find((name) => !classes.includes(name));
  if (stray !== undefined) {
    throw new EspalierError(
      'invalid_data',
      `${root} has a class ${stray} that the training images do not have; name the class folders alike`,
      { path: root },
    );
  }
  const entries = await entriesOf(root, classes);
  return entries.length === 0 ? null : entries;
}

async function entriesOf(root: string, classes: readonly string[]): Promise<readonly ImageEntry[]> {
  const perClass = await Promise.all(classes.map((name) => imageFiles(join(root, name))));
  return perClass.flatMap((files, label) => files.map((path) => ({ path, label })));
}

/** A class without a folder, or with an empty one, has no images: a client's own folder may lack some. */
async function imageFiles(folder: string): Promise<readonly string[]> {
  if (!(await isFolder(folder))) return [];
  const names = await readdir(folder);
  return names
    .filter((name) => IMAGE_FILE.test(name))
    .sort()
    .map((name) => join(folder, name));
}

async function subfolders(root: string): Promise<readonly string[]> {
  const names = (await readdir(root)).filter((name) => !name.startsWith('.')).sort();
  const folders = await Promise.all(names.map((name) => isFolder(join(root, name))));
  return names.filter((_, i) => folders[i]);
}

/** Links are followed: a data folder is often a link to a disk that has room. */
async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
