import { storageError } from '@espalier/disk';
import { EspalierError } from '@espalier/core';
import Database from 'libsql';

/** Changes with the tables; a state of another version is refused, never guessed at. */
export const STATE_VERSION = '1';

const TABLES = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS journal (sequence INTEGER PRIMARY KEY, at REAL NOT NULL, event TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS snapshot (
  id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL, at REAL NOT NULL, state TEXT NOT NULL,
  deadline_step INTEGER NOT NULL, deadline_ends REAL NOT NULL, workshop TEXT NOT NULL, blobs TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL, created TEXT NOT NULL, revoked TEXT);
`;

/** A row as the database gives it. */
export type Row = Readonly<Record<string, string | number | null>>;

/** Values bound to a statement. */
export type Value = string | number | null;

/** The coordinator's database: SQLite in WAL mode, where every commit is on the disk before it returns. */
export class StateDatabase {
  readonly #path: string;
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();

  /**
   * Opens it, with its tables where there are none; for reading, as it is, also where nothing may be written.
   * @throws EspalierError `storage`, also when it is damaged or of another version.
   */
  constructor(path: string, use: 'write' | 'read' = 'write') {
    this.#path = path;
    this.#database = this.#guarded(use, () => new Database(path, { timeout: 2000 }));
    this.#closedOnFailure(() => {
      this.#checkWhole();
      if (use === 'read') {
        this.#guarded('read', () => this.#database.exec('PRAGMA query_only = ON'));
        this.#checkVersion();
        return;
      }
      this.#guarded('write', () => {
        this.#database.exec('PRAGMA journal_mode = WAL');
        this.#database.exec('PRAGMA synchronous = FULL');
        this.#database.exec(TABLES);
      });
      this.run('INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)', 'version', STATE_VERSION);
      this.#checkVersion();
    });
  }

  run(sql: string, ...values: readonly Value[]): void {
    this.#guarded('write', () => this.#statement(sql).run(...values));
  }

  rows(sql: string, ...values: readonly Value[]): readonly Row[] {
    return this.#guarded('read', () => this.#statement(sql).all(...values) as Row[]);
  }

  /** All of it or nothing, on the disk when this returns. */
  atomically(action: () => void): void {
    this.#guarded('write', () => this.#database.exec('BEGIN IMMEDIATE'));
    try {
      action();
      this.#guarded('write', () => this.#database.exec('COMMIT'));
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Moves what is in the write-ahead log into the one file, so that it can be copied alone; a disk that will not, will later. */
  gather(): void {
    try {
      this.rows('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // The log is as durable as the file, and is read with it.
    }
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  /** A commit that found the disk full has rolled back by itself. */
  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // Nothing is open any more, which is what was wanted.
    }
  }

  #statement(sql: string): Database.Statement {
    const known = this.#statements.get(sql);
    if (known) return known;
    const made = this.#database.prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }

  /** Before it is trusted with anything: a page that is damaged may be read much later, or never by name. */
  #checkWhole(): void {
    const found = this.rows('PRAGMA quick_check(1)')[0]?.['quick_check'];
    if (found !== 'ok')
      throw storageError('read', this.#path, new DamagedError(String(found).replace(/\s+/g, ' ')));
  }

  #checkVersion(): void {
    const version = this.rows('SELECT value FROM meta WHERE key = ?', 'version')[0]?.['value'];
    if (version === STATE_VERSION) return;
    throw new EspalierError(
      'storage',
      `${this.#path} is a state of version ${String(version)}, this espalier reads version ${STATE_VERSION}: resume it with the espalier that wrote it`,
      { path: this.#path },
    );
  }

  #closedOnFailure(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #guarded<T>(action: 'read' | 'write', work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storageError(action, this.#path, error);
    }
  }
}

/** What a check of the database says, in the words of SQLite's own errors. */
class DamagedError extends Error {
  readonly code = 'SQLITE_CORRUPT';
}
