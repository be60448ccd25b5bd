import { EspalierError } from '@espalier/core';
import Database from 'libsql';
import { storageError } from '../run-folder/index.js';

/** Changes with the tables; a state of another version is refused, never guessed at. */
export const STATE_VERSION = '2';

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

  /** Opens it, with its tables where there are none. @throws EspalierError `storage`. */
  constructor(path: string) {
    this.#path = path;
    this.#database = this.#guarded('write', () => new Database(path, { timeout: 2000 }));
    this.#guarded('write', () => {
      this.#database.exec('PRAGMA journal_mode = WAL');
      this.#database.exec('PRAGMA synchronous = FULL');
      this.#database.exec(TABLES);
    });
    this.#checkVersion();
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

  #checkVersion(): void {
    this.run('INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)', 'version', STATE_VERSION);
    const version = this.rows('SELECT value FROM meta WHERE key = ?', 'version')[0]?.['value'];
    if (version === STATE_VERSION) return;
    this.close();
    throw new EspalierError(
      'storage',
      `${this.#path} is a state of version ${String(version)}, this espalier reads version ${STATE_VERSION}: resume it with the espalier that wrote it`,
      { path: this.#path },
    );
  }

  #guarded<T>(action: 'read' | 'write', work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storageError(action, this.#path, error);
    }
  }
}
