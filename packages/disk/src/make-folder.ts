import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { EspalierError } from '@espalier/core';
import { storageError, systemCode } from './storage-error.js';

/**
 * Makes a folder and every missing folder above it; one that is there already is fine. The missing parts are
 * made one by one, because Node's own recursive call never returns below a file system that allows no
 * folders, such as `/proc`.
 * @throws EspalierError `storage` naming the part that cannot be made.
 */
export async function makeFolder(path: string): Promise<void> {
  const missing = [resolve(path)];
  for (let at = missing[0] ?? path; !(await made(at));) {
    at = dirname(at);
    missing.push(at);
  }
  for (const at of missing.reverse().slice(1)) {
    if (!(await made(at))) throw storageError('write', at, new Error('the folder above it has gone'));
  }
}

/** True when the folder is there now; false when the one above it is missing. */
async function made(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    // A read-only disk and a root that is not an ordinary folder give other codes for a folder that exists.
    if (await isFolder(path)) return true;
    if (systemCode(error) !== 'ENOENT') throw storageError('write', path, error);
    if (!(await isFolder(dirname(path)))) return false;
    throw new EspalierError(
      'storage',
      `cannot make the folder ${path}: ${dirname(path)} takes no folders (ENOENT); choose another place`,
      { path },
    );
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
