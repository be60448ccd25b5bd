import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep, win32 } from 'node:path';
import { EspalierError } from '@espalier/core';
import { storageError } from './storage-error.js';

/**
 * The real path of a file that another party named, within a folder. Absolute paths, paths that climb out and
 * links that lead out are refused; the first two by their spelling alone, so that nothing outside is even
 * looked for.
 * @throws EspalierError `invalid_data` when it lies outside; `storage` when it does not exist.
 */
export async function placeWithin(folder: string, name: string): Promise<string> {
  if (
    isAbsolute(name) ||
    win32.isAbsolute(name) ||
    name.includes('\0') ||
    !isInside(folder, join(folder, name))
  ) {
    throw outside(folder, name);
  }
  const path = join(folder, name);
  const [root, place] = await Promise.all([realpath(folder), realpath(path)]).catch((error: unknown) => {
    throw storageError('read', path, error);
  });
  if (!isInside(root, place)) throw outside(folder, name);
  return place;
}

function isInside(folder: string, place: string): boolean {
  const way = relative(folder, place);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function outside(folder: string, name: string): EspalierError {
  return new EspalierError(
    'invalid_data',
    `${JSON.stringify(name)} lies outside ${folder}; nothing outside the data folder is opened`,
    { path: name },
  );
}
