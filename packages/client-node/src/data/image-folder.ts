import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { EspalierError } from '@espalier/core';

/** One image file and what it shows. */
export interface ImageEntry {
  readonly path: string;
  /** Index into the folder's classes. */
  readonly label: number;
  /** Index of the client folder it lies in, where there is a folder per client. */
  readonly group?: number;
}

/** A file or folder that was left out, and why. */
export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

/** An image folder's listing; nothing is decoded yet. */
export interface ImageFolder {
  readonly root: string;
  /** Names of the class folders, sorted. */
  readonly classes: readonly string[];
  /** Class by class, file names sorted within each; with a folder per client, client by client. */
  readonly train: readonly ImageEntry[];
  /** The same of `test/`; null where there is none. */
  readonly test: readonly ImageEntry[] | null;
  /** Images of kinds that are not read, folders that cannot be opened, links that lead nowhere or back. */
  readonly skipped: readonly SkippedFile[];
}

const IMAGE_FILE = /^[^.].*\.(jpe?g|png)$/i;
const OTHER_IMAGE = /^[^.].*\.(gif|webp|avif|heic|heif|bmp|tiff?|svg|jp2|jxl|apng)$/i;

/**
 * Lists `<root>/train/<class>/*` with an optional `<root>/test/<class>/*`, or `<root>/<class>/*` where there is no
 * `train/`; JPEG and PNG files, everything else is passed over. Names are sorted by their UTF-16 code units, so the same
 * files give the same listing on every machine.
 * @param options `byClient`: training images lie in `<client>/<class>/` instead of `<class>/`
 * @throws EspalierError `invalid_data` when the folder is missing, has fewer than two classes or no image.
 */
export async function scanImageFolder(
  root: string,
  { byClient = false }: { readonly byClient?: boolean } = {},
): Promise<ImageFolder> {
  if (!(await isFolder(root))) {
    throw new EspalierError(
      'invalid_data',
      `there is no folder ${root}; expected one with a folder of images per class`,
      { path: root },
    );
  }
  const skipped: SkippedFile[] = [];
  const trainRoot = join(root, 'train');
  const split = await isFolder(trainRoot);
  const classRoot = split ? trainRoot : root;
  const { classes, train } = byClient
    ? await clientEntries(classRoot, skipped)
    : await classEntries(classRoot, skipped);
  checkClasses(classRoot, classes);
  if (train.length === 0) {
    throw new EspalierError(
      'invalid_data',
      `no JPEG or PNG file under ${classRoot}/<class>/; put the images of each class into its folder`,
      { path: classRoot },
    );
  }
  const test = split ? await testEntries(join(root, 'test'), classes, skipped) : null;
  return { root, classes, train, test, skipped };
}

type Listed = Pick<ImageFolder, 'classes' | 'train'>;

async function classEntries(root: string, skipped: SkippedFile[]): Promise<Listed> {
  const classes = await subfolders(root, skipped);
  return { classes, train: await entriesOf(root, classes, skipped) };
}

async function clientEntries(root: string, skipped: SkippedFile[]): Promise<Listed> {
  const clients = await subfolders(root, skipped);
  const perClient = await Promise.all(clients.map((name) => subfolders(join(root, name), skipped)));
  const classes = [...new Set(perClient.flat())].sort();
  const listed = await Promise.all(clients.map((name) => entriesOf(join(root, name), classes, skipped)));
  return {
    classes,
    train: listed.flatMap((entries, group) => entries.map((entry) => ({ ...entry, group }))),
  };
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

async function testEntries(
  root: string,
  classes: readonly string[],
  skipped: SkippedFile[],
): Promise<readonly ImageEntry[] | null> {
  if (!(await isFolder(root))) return null;
  const stray = (await subfolders(root, skipped)).find((name) => !classes.includes(name));
  if (stray !== undefined) {
    throw new EspalierError(
      'invalid_data',
      `${root} has a class ${stray} that the training images do not have; name the class folders alike`,
      { path: root },
    );
  }
  const entries = await entriesOf(root, classes, skipped);
  return entries.length === 0 ? null : entries;
}

async function entriesOf(
  root: string,
  classes: readonly string[],
  skipped: SkippedFile[],
): Promise<readonly ImageEntry[]> {
  const perClass = await Promise.all(classes.map((name) => imageFiles(join(root, name), skipped)));
  return perClass.flatMap((files, label) => files.map((path) => ({ path, label })));
}

/** A class without a folder, or with an empty one, has no images: a client's own folder may lack some. */
async function imageFiles(folder: string, skipped: SkippedFile[]): Promise<readonly string[]> {
  if (!(await isFolder(folder))) return [];
  const names = await namesIn(folder, skipped);
  for (const name of names.filter((each) => OTHER_IMAGE.test(each))) {
    skipped.push({ path: join(folder, name), reason: 'neither JPEG nor PNG; convert it' });
  }
  return names
    .filter((name) => IMAGE_FILE.test(name))
    .sort()
    .map((name) => join(folder, name));
}

async function namesIn(folder: string, skipped: SkippedFile[]): Promise<readonly string[]> {
  return readdir(folder).catch((error: unknown) => {
    skipped.push({ path: folder, reason: `cannot be opened (${codeOf(error)})` });
    return [];
  });
}

async function subfolders(root: string, skipped: SkippedFile[]): Promise<readonly string[]> {
  const names = (await namesIn(root, skipped)).filter((name) => !name.startsWith('.')).sort();
  const home = await realpath(root);
  const folders = await Promise.all(
    names.map(async (name) => {
      const path = join(root, name);
      const found = await stat(path).catch((error: unknown) => codeOf(error));
      if (typeof found === 'string') {
        skipped.push({
          path,
          reason: found === 'ELOOP' ? 'a link that leads to itself' : `cannot be read (${found})`,
        });
        return false;
      }
      if (!found.isDirectory()) return false;
      const looped = `${home}${sep}`.startsWith(`${await realpath(path)}${sep}`);
      if (looped) skipped.push({ path, reason: 'a link back to a folder above it' });
      return !looped;
    }),
  );
  return names.filter((_, i) => folders[i]);
}

/** Links are followed: a data folder is often a link to a disk that has room. */
async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** `ENOENT` and its like. */
export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown';
}
