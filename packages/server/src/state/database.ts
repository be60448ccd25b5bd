import type { Value, Row } from './row-reader.js';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { EspalierError } from '@espalier/core';
import Database from 'libsql';
import { storageError } from '@espalier/disk';
import { checkMark, MarkFile, type Mark } from './mark-file.js';
import { computeSeals, factsSeal, readSeals, type Seals } from './seals.js';
import { EARLIER_VERSIONS, STATE_FILES, STATE_VERSION, TABLES } from './tables.js';

/**
 * The coordinator's database: SQLite in WAL mode, where every commit is on the disk before it returns. What a run is
 * resumed from is sealed, and the mark beside the database says how many sealed commits there were.
 */
export class StateDatabase {
  readonly #path: string;
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();
  readonly #markFile: MarkFile;
  #run: string | null = null;

  /**
   * Opens it, with its tables where there are none; for reading, as it is, also where nothing may be written; to be
   * checked, whatever it is, once SQLite finds it whole to the last index.
   * @param shown what people know its path by, where it is a copy
   * @throws EspalierError `storage`, also when it is damaged or of another version.
   */
  constructor(path: string, use: 'write' | 'read' | 'check' = 'write', shown = path) {
    this.#path = shown;
    this.#markFile = new MarkFile(join(dirname(path), STATE_FILES.mark));
    this.#database = this.#guarded(
      use === 'write' ? 'write' : 'read',
      () => new Database(path, { timeout: 2000 }),
    );
    this.#closedOnFailure(() => {
      this.#checkWhole(use === 'check' ? 'integrity_check' : 'quick_check');
      if (use !== 'write') {
        this.#guarded('read', () => this.#database.exec('PRAGMA query_only = ON'));
        if (use === 'read') this.checkVersion();
        // A copy need not outlive anything: closing it would move its log and wait for the disk.
        else this.#guarded('read', () => this.#database.exec('PRAGMA synchronous = OFF'));
        return;
      }
      this.#guarded('write', () => {
        this.#database.exec('PRAGMA journal_mode = WAL');
        this.#database.exec('PRAGMA synchronous = FULL');
      });
      this.atomically(() => {
        this.#guarded('write', () => this.#database.exec(TABLES));
        this.run('INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)', 'version', STATE_VERSION);
      });
      this.checkVersion();
      // A change of what has lost commits would hide the loss.
      checkMark(path, this.#markFile.read(), this.mark);
    });
  }

  run(sql: string, ...values: readonly Value[]): void {
    this.#guarded('write', () => this.#statement(sql).run(...values));
  }

  rows(sql: string, ...values: readonly Value[]): readonly Row[] {
    return this.#guarded('read', () => this.#statement(sql).all(...values) as Row[]);
  }

  /** All of it or nothing, on the disk when this returns. */
  atomically<T>(action: () => T): T {
    this.#guarded('write', () => this.#database.exec('BEGIN IMMEDIATE'));
    try {
      const result = action();
      this.#guarded('write', () => this.#database.exec('COMMIT'));
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** Id of the run and number of sealed commits; null when nothing is sealed. */
  get mark(): Mark | null {
    const run = this.rows("SELECT value FROM meta WHERE key = 'run'")[0]?.['value'];
    const commits = this.rows("SELECT value FROM seals WHERE name = 'commits'")[0]?.['value'];
    return run == null || commits == null ? null : { run: String(run), commits: Number(commits) };
  }

  /**
   * Seals a state that is not, as it is. @param job the digest of the run's job file, where there is one
   * @throws EspalierError `storage`.
   */
  seal(job: string | null): void {
    if (readSeals(this) === null) this.#sealAll(job);
    const { mark } = this;
    if (mark) this.#writeMark(mark.commits);
  }

  #sealAll(job: string | null): void {
    this.atomically(() => {
      const meta = [
        ['version', STATE_VERSION],
        ['run', randomBytes(8).toString('hex')],
        ['job', job],
      ] as const;
      for (const [key, value] of meta)
        if (value !== null) this.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', key, value);
      const seals = { ...computeSeals(this), commits: '1' };
      for (const [name, value] of Object.entries(seals))
        this.run('INSERT INTO seals VALUES (?, ?)', name, value);
    });
  }

  /** Does it and seals what it changed, all or nothing; the mark follows. @param action gives the new seal */
  sealing(name: keyof Seals, action: () => string): void {
    const commits = this.atomically(() => {
      const seal = action();
      this.run('UPDATE seals SET value = ? WHERE name = ?', seal, name);
      const [counted] = this.rows(
        "UPDATE seals SET value = value + 1 WHERE name = 'commits' RETURNING value",
      );
      return counted ? Number(counted['value']) : null;
    });
    // A state of an earlier version has no seals until a coordinator takes it up.
    if (commits !== null) this.#writeMark(commits);
  }

  /** A change of tokens. */
  changeFacts(action: () => void): void {
    this.sealing('facts', () => {
      action();
      return factsSeal(this);
    });
  }

  /** Reads all of it as of one moment, while another process may write. */
  consistently<T>(action: () => T): T {
    this.#guarded('read', () => this.#database.exec('BEGIN'));
    try {
      return action();
    } finally {
      this.#rollBack();
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
    this.#markFile.close();
    this.#database.close();
  }

  #writeMark(commits: number): void {
    this.#run ??= this.mark?.run ?? null;
    if (this.#run !== null) this.#markFile.write({ run: this.#run, commits });
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
  #checkWhole(check: 'quick_check' | 'integrity_check'): void {
    const found = this.rows(`PRAGMA ${check}(1)`)[0]?.[check];
    if (found !== 'ok')
      throw storageError('read', this.#path, new DamagedError(String(found).replace(/\s+/g, ' ')));
  }

  get version(): string {
    return String(this.rows('SELECT value FROM meta WHERE key = ?', 'version')[0]?.['value']);
  }

  hasTable(name: string): boolean {
    return this.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", name).length > 0;
  }

  /** @throws EspalierError `storage` for a version that this program does not read. */
  checkVersion(): void {
    const { version } = this;
    if (version === STATE_VERSION || EARLIER_VERSIONS.has(version)) return;
    throw new EspalierError(
      'storage',
      `${this.#path} is a state of version ${version}, this espalier reads version ${STATE_VERSION}: resume it with the espalier that wrote it`,
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

/** Failed check of the database, in the form of SQLite's own errors. */
class DamagedError extends Error {
  readonly code = 'SQLITE_CORRUPT';
}
