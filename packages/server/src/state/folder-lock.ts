import { EspalierError } from '@espalier/core';
import Database from 'libsql';
import { storageError } from '../run-folder/index.js';

/**
 * Keeps a second coordinator off a state folder: an exclusive transaction of a database of its own, which the system
 * ends with the process, however that ended. Readers of the state are not kept off.
 */
export class FolderLock {
  readonly #database: Database.Database;

  /** @throws EspalierError `storage` naming the folder when another process has it. */
  constructor(path: string, folder: string) {
    try {
      this.#database = new Database(path, { timeout: 0 });
    } catch (error) {
      throw storageError('write', path, error);
    }
    try {
      // Nothing is ever written, and a refusal must leave no file behind, nor take one away.
      this.#database.exec('PRAGMA journal_mode = MEMORY');
      this.#database.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      this.#database.close();
      if (!isBusy(error)) throw storageError('write', path, error);
      throw new EspalierError(
        'storage',
        `another coordinator works on ${folder}: stop that one first, or give this one a folder of its own`,
        { path: folder },
      );
    }
  }

  release(): void {
    this.#database.close();
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && /busy|locked/i.test(error.message);
}
