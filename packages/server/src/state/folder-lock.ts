import { EspalierError } from '@espalier/core';
import Database from 'libsql';
import { storageError } from '@espalier/disk';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { STATE_FILES } from './tables.js';

/**
 * Keeps a second coordinator off a state folder: an exclusive transaction of a database of its own, which the system
 * ends with the process, however that ended. Readers of the state are not kept off.
 */
export class FolderLock {
  readonly #database: Database.Database;

  /**
   * The lock of a folder that was locked before; null where there is none, for then nobody works on it either.
   * @throws EspalierError as the constructor.
   */
  static ofExisting(folder: string): FolderLock | null {
    return existsSync(join(folder, STATE_FILES.lock)) ? new FolderLock(folder) : null;
  }

  /** @throws EspalierError `storage` naming the folder when another process has it. */
  constructor(folder: string) {
    const path = join(folder, STATE_FILES.lock);
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
