import { readFile } from 'node:fs/promises';
import { storageError } from './storage-error.js';

/**
 * The text of a file that a person named.
 * @param what what it is to people, such as `the job file`
 * @throws EspalierError `storage` when it cannot be read, with what to do.
 */
export async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw storageError('read', path, error, what);
  }
}
