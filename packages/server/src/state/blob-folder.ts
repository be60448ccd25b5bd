import { webcrypto } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { EspalierError } from '@espalier/core';
import type { BufferPool } from '@espalier/proto';
import { storageError, systemCode } from '@espalier/disk';
import { readWhole, unlinked, writeDurably } from './files.js';
import { makeFolder, whenFree } from '@espalier/disk';

/** Files named by the SHA-256 of their bytes: `sha256sum` checks them, `rm` of an unnamed one harms nothing. */
export class BlobFolder {
  readonly #path: string;
  /** On disk, perhaps left half written by a coordinator that was killed. */
  readonly #files = new Set<string>();
  /** Known to be whole and on the disk: the CRC-32 of those that were written here, null of those found. */
  readonly #durable = new Map<string, number | null>();
  #syncing: Promise<void> | null = null;
  #syncNext: Promise<void> | null = null;

  private constructor(path: string, names: readonly string[]) {
    this.#path = path;
    for (const name of names) this.#files.add(name);
  }

  /** Makes the folder where there is none. @throws EspalierError `storage`. */
  static async open(path: string): Promise<BlobFolder> {
    await makeFolder(path);
    try {
      return new BlobFolder(path, await whenFree(() => readdir(path)));
    } catch (error) {
      throw storageError('write', path, error);
    }
  }

  /** The folder as it is, for reading alone; one that is not there has no blobs. @throws EspalierError `storage`. */
  static async look(path: string): Promise<BlobFolder> {
    try {
      return new BlobFolder(path, await whenFree(() => readdir(path)));
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return new BlobFolder(path, []);
      throw storageError('read', path, error);
    }
  }

  get names(): readonly string[] {
    return [...this.#files].sort();
  }

  /**
   * Durable once it resolves; gives the name.
   * @param sha256 of the bytes, where it is known already
   * @throws EspalierError `storage`.
   */
  async keep(bytes: Uint8Array, sha256?: Uint8Array): Promise<string> {
    const name = sha256 ? Buffer.from(sha256).toString('hex') : await hashOf(bytes);
    // Never written over: a snapshot may speak of it, and a crash would leave half of it.
    if (this.#durable.has(name)) return name;
    if (await this.isWhole(name)) {
      this.#durable.set(name, null);
      return name;
    }
    const path = join(this.#path, name);
    try {
      this.#files.add(name);
      const check = crc32(bytes);
      await writeDurably(path, bytes);
      await this.#syncFolder();
      this.#durable.set(name, check);
    } catch (error) {
      // Half a file must not fill the disk further.
      await unlinked(path).catch(() => undefined);
      throw storageError('write', path, error);
    }
    return name;
  }

  /**
   * Reads a blob. One that this coordinator wrote is checked by CRC-32, which detects disk errors at a third
   * of SHA-256's cost; one left by another coordinator is checked by its name.
   * @param pool source of the memory
   * @throws EspalierError `storage` when the blob is gone or its bytes are not those that were written.
   */
  async read(name: string, pool?: BufferPool): Promise<Uint8Array> {
    const path = join(this.#path, name);
    const bytes = await readWhole(path, pool).catch((error: unknown) => {
      throw storageError('read', path, error);
    });
    if (!(await this.#isNamed(name, bytes))) {
      throw new EspalierError(
        'storage',
        `${path} is damaged: its bytes are not those that its name says; restore it from a backup, or begin anew from a checkpoint of the run (espalier inspect says what is whole)`,
        { path },
      );
    }
    return bytes;
  }

  async #isNamed(name: string, bytes: Uint8Array): Promise<boolean> {
    const check = this.#durable.get(name) ?? null;
    return check === null ? (await hashOf(bytes)) === name : crc32(bytes) === check;
  }

  /** Deletes what is not in the list. What cannot be deleted stays for the next time. */
  async keepOnly(kept: ReadonlySet<string>): Promise<void> {
    for (const name of [...this.#files].filter((one) => !kept.has(one))) {
      this.#files.delete(name);
      this.#durable.delete(name);
      await unlinked(join(this.#path, name)).catch(() => this.#files.add(name));
    }
  }

  /** True when the bytes are those of its name. */
  async isWhole(name: string): Promise<boolean> {
    if (!this.#files.has(name)) return false;
    return this.read(name).then(
      () => true,
      () => false,
    );
  }

  /** A file's name is durable when its folder is; writers that wait at the same time share one call. */
  #syncFolder(): Promise<void> {
    if (this.#syncing === null) {
      this.#syncing = this.#sync().finally(() => {
        this.#syncing = null;
      });
      return this.#syncing;
    }
    this.#syncNext ??= this.#syncing.then(() => {
      this.#syncNext = null;
      return this.#syncFolder();
    });
    return this.#syncNext;
  }

  async #sync(): Promise<void> {
    // Windows has no folder handles to sync; its file system keeps names with files.
    if (process.platform === 'win32') return;
    const folder = await whenFree(() => open(this.#path, 'r'));
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

/** In a thread of the platform's pool: closing a round reads thousands of blobs, and has other work meanwhile. */
async function hashOf(bytes: Uint8Array): Promise<string> {
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)).toString(
    'hex',
  );
}
