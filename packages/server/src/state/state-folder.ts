import { join } from 'node:path';
import { EspalierError, type ByteFigures, type CoordinatorEvent, type JournalEntry } from '@espalier/core';
import { makeFolder } from '@espalier/disk';
import type { BufferPool } from '@espalier/proto';
import type { Journal, JournalBatch, Recovery, Snapshot } from '../coordinator/index.js';
import { BlobFolder } from './blob-folder.js';
import { StateDatabase, type Row } from './database.js';
import { FolderLock } from './folder-lock.js';

/** Where a state lies in its folder. */
export const STATE_FILES = { database: 'coordinator.db', lock: 'lock.db', blobs: 'blobs' } as const;

/** How a state folder is kept. */
export interface StateFolderOptions {
  /** Updates stay after their round has closed, for whoever wants to look at them. */
  readonly keepUpdates: boolean;
}

/** A coordinator's state on disk: an SQLite database beside content-addressed blobs. One coordinator at a time. */
export class StateFolder implements Journal {
  readonly database: StateDatabase;
  readonly #blobs: BlobFolder;
  readonly #lock: FolderLock;
  readonly #keepUpdates: boolean;
  #sequence = 0;
  #sweeping: Promise<void> = Promise.resolve();

  private constructor(
    parts: { readonly database: StateDatabase; readonly blobs: BlobFolder; readonly lock: FolderLock },
    { keepUpdates }: StateFolderOptions,
  ) {
    this.database = parts.database;
    this.#blobs = parts.blobs;
    this.#lock = parts.lock;
    this.#keepUpdates = keepUpdates;
  }

  /**
   * Takes the folder for this coordinator alone, and makes it where there is none.
   * @throws EspalierError `storage`, also when another coordinator has it or its database is damaged.
   */
  static async open(path: string, options: StateFolderOptions): Promise<StateFolder> {
    await makeFolder(path);
    const lock = new FolderLock(join(path, STATE_FILES.lock), path);
    try {
      const database = new StateDatabase(join(path, STATE_FILES.database));
      return new StateFolder(
        { database, blobs: await BlobFolder.open(join(path, STATE_FILES.blobs)), lock },
        options,
      );
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  recover(): Recovery | null {
    const snapshot = readSnapshot(this.database);
    this.#sequence = lastSequence(this.database);
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
    this.database.atomically(() => {
      for (const { at, event } of entries) {
        sequence++;
        this.database.run(
          'INSERT INTO journal (sequence, at, event) VALUES (?, ?, ?)',
          sequence,
          at,
          JSON.stringify(event),
        );
      }
      if (snapshot) writeSnapshot(this.database, snapshot);
      if (totals) writeTotals(this.database, totals);
    });
    this.#sequence = sequence;
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

/** Entries of the journal after that one, oldest first. */
export function readEntries(database: StateDatabase, after: number): readonly JournalEntry[] {
  return database
    .rows('SELECT at, event FROM journal WHERE sequence > ? ORDER BY sequence', after)
    .map(({ at, event }) => ({ at: Number(at), event: parsed(String(event)) as CoordinatorEvent }));
}

function readTotals(database: StateDatabase): ByteFigures | null {
  const row = database.rows('SELECT value FROM meta WHERE key = ?', 'bytes')[0];
  return row ? (parsed(String(row['value'])) as ByteFigures) : null;
}

function writeTotals(database: StateDatabase, { up, down }: ByteFigures): void {
  database.run(
    'INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)',
    'bytes',
    JSON.stringify({ up, down }),
  );
}

/** The snapshot, if one was taken. */
export function readSnapshot(database: StateDatabase): Snapshot | null {
  const row = database.rows('SELECT * FROM snapshot')[0];
  if (!row) return null;
  return {
    sequence: Number(row['sequence']),
    at: Number(row['at']),
    state: String(row['state']),
    deadline: { step: Number(row['deadline_step']), ends: Number(row['deadline_ends']) },
    workshop: String(row['workshop']),
    blobs: parsed(String(row['blobs'])) as readonly string[],
  };
}

function writeSnapshot(database: StateDatabase, snapshot: Snapshot): void {
  const { sequence, at, state, deadline, workshop, blobs } = snapshot;
  database.run(
    'INSERT OR REPLACE INTO snapshot VALUES (1, ?, ?, ?, ?, ?, ?, ?)',
    sequence,
    at,
    state,
    deadline.step,
    deadline.ends,
    workshop,
    JSON.stringify(blobs),
  );
}

function lastSequence(database: StateDatabase): number {
  const row: Row | undefined = database.rows('SELECT max(sequence) AS last FROM journal')[0];
  return Number(row?.['last'] ?? 0);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new EspalierError(
      'storage',
      'the journal holds a line that is no JSON: restore the state from a backup',
    );
  }
}
