import { join } from 'node:path';
import type { BufferPool } from '@espalier/proto';
import type { Journal, JournalBatch, Recovery } from '../coordinator/journal/journal.js';
import { BlobFolder } from './blob-folder.js';
import { StateDatabase } from './database.js';
import { FolderLock } from './folder-lock.js';
import { makeFolder } from '@espalier/disk';
import { checkLocked, NO_SIGNS, type RunSigns } from './check-state.js';
import { entryTail, journalSeal, readBytes, readTail, snapshotTail } from './seals.js';
import {
  lastSequence,
  readEntries,
  readSnapshot,
  readTotals,
  writeSnapshot,
  writeTotals,
} from './state-rows.js';
import { STATE_FILES } from './tables.js';

/** Settings of a state folder. */
export interface StateFolderOptions {
  /** True keeps updates after their round has closed, for later inspection. */
  readonly keepUpdates: boolean;
  /** Signs of the run in the folder around it; none unless given. */
  readonly signs?: RunSigns;
}

/** A coordinator's state on disk: an SQLite database beside content-addressed blobs. One coordinator at a time. */
export class StateFolder implements Journal {
  readonly database: StateDatabase;
  readonly #blobs: BlobFolder;
  readonly #lock: FolderLock;
  readonly #keepUpdates: boolean;
  #sequence: number;
  /** Digest of the snapshot and the entries after it. */
  #tail: string;
  /** The byte counts, as they are stored. */
  #bytes: string;
  #sweeping: Promise<void> = Promise.resolve();

  private constructor(
    parts: { readonly database: StateDatabase; readonly blobs: BlobFolder; readonly lock: FolderLock },
    { keepUpdates }: StateFolderOptions,
  ) {
    this.database = parts.database;
    this.#blobs = parts.blobs;
    this.#lock = parts.lock;
    this.#keepUpdates = keepUpdates;
    this.#sequence = lastSequence(this.database);
    this.#tail = readTail(this.database);
    this.#bytes = readBytes(this.database);
  }

  /**
   * Takes the folder for this coordinator alone, and makes it where there is none. A refusal has changed nothing.
   * @throws EspalierError `storage`, also when another coordinator has it or its database is damaged; `not_resumable`
   * when something is lost or changed without which the run would not go on as it was.
   */
  static async open(path: string, options: StateFolderOptions): Promise<StateFolder> {
    const { signs = NO_SIGNS } = options;
    // A coordinator at work would change what is looked at.
    let lock = FolderLock.ofExisting(path);
    try {
      await checkLocked(path, signs, true);
      await makeFolder(path);
      lock ??= new FolderLock(path);
      const database = new StateDatabase(join(path, STATE_FILES.database));
      database.seal(signs.job);
      return new StateFolder(
        { database, blobs: await BlobFolder.open(join(path, STATE_FILES.blobs)), lock },
        options,
      );
    } catch (error) {
      lock?.release();
      throw error;
    }
  }

  recover(): Recovery | null {
    const snapshot = readSnapshot(this.database);
    if (this.#sequence === 0) return null;
    return {
      snapshot,
      entries: readEntries(this.database, snapshot?.sequence ?? 0),
      sequence: this.#sequence,
      totals: readTotals(this.database),
    };
  }

  keep(bytes: Uint8Array, sha256?: Uint8Array): Promise<string> {
    return this.#blobs.keep(bytes, sha256);
  }

  read(hash: string, pool?: BufferPool): Promise<Uint8Array> {
    return this.#blobs.read(hash, pool);
  }

  commit({ entries, snapshot, totals }: JournalBatch): void {
    let sequence = this.#sequence;
    let [tail, bytes] = [this.#tail, this.#bytes];
    this.database.sealing('journal', () => {
      if (snapshot) tail = snapshotTail(writeSnapshot(this.database, snapshot));
      for (const { at, event } of entries) {
        sequence++;
        const text = JSON.stringify(event);
        this.database.run('INSERT INTO journal (sequence, at, event) VALUES (?, ?, ?)', sequence, at, text);
        if (sequence > (snapshot?.sequence ?? 0)) tail = entryTail(tail, { sequence, at, event: text });
      }
      if (totals) bytes = writeTotals(this.database, totals);
      return journalSeal(tail, bytes);
    });
    [this.#sequence, this.#tail, this.#bytes] = [sequence, tail, bytes];
    if (snapshot && !this.#keepUpdates) this.#sweep(snapshot.blobs);
  }

  /** Waits for deletions under way and lets the folder go. */
  async close(): Promise<void> {
    await this.#sweeping;
    this.database.gather();
    this.database.close();
    this.#lock.release();
  }

  #sweep(kept: readonly string[]): void {
    const names = new Set(kept);
    this.#sweeping = this.#sweeping.then(() => this.#blobs.keepOnly(names));
  }
}
