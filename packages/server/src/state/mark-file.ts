import { storageError, systemCode } from '@espalier/disk';
import { open as openFile } from 'node:fs/promises';
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { EspalierError } from '@espalier/core';
import { STATE_FILES } from './tables.js';

/** Progress of a database. */
export interface Mark {
  /** The id of the run, as the database has it. */
  readonly run: string;
  /** Sealed commits of the database at least. */
  readonly commits: number;
}

/** Bytes of one of the two places that a mark is written to in turn. */
const SLOT = 64;

/** A power cut leaves the mark no more than about that long behind. */
const FLUSH_MILLISECONDS = 1000;

/**
 * A file beside the database that says how many commits it must have. A write-ahead log that is lost or damaged takes
 * commits back, and the database alone cannot know. The mark is written after its commit is on the disk, so a crash at
 * any instant leaves it equal or behind; a database that is behind its mark has lost something. It is written in place,
 * in one of two slots with a checksum each: a write that a power cut tears leaves the other one.
 */
export class MarkFile {
  readonly #path: string;
  #descriptor: number | null = null;
  #flushSoon: NodeJS.Timeout | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** Null where there is none that is whole: a crash may leave the first one half written. @throws EspalierError `storage`. */
  read(): Mark | null {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#path);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return null;
      throw storageError('read', this.#path, error);
    }
    const slots = [slotOf(bytes.subarray(0, SLOT)), slotOf(bytes.subarray(SLOT, 2 * SLOT))];
    return slots.filter((slot) => slot !== null).sort((a, b) => b.commits - a.commits)[0] ?? null;
  }

  /**
   * Writes the mark, where a process that is killed cannot lose it any more; the disk has it a second later,
   * the first one when this returns. @throws EspalierError `storage`.
   */
  write({ run, commits }: Mark): void {
    const text = `${run} ${String(commits)} `;
    const slot = Buffer.from(`${text}${checkOf(text)}`.padEnd(SLOT - 1) + '\n');
    try {
      const begins = this.#descriptor === null && !existsSync(this.#path);
      this.#descriptor ??= openSync(this.#path, begins ? 'wx' : 'r+');
      writeSync(this.#descriptor, slot, 0, SLOT, SLOT * (commits % 2));
      if (begins) this.#begin(this.#descriptor);
      else this.#plan();
    } catch (error) {
      throw storageError('write', this.#path, error);
    }
  }

  close(): void {
    if (this.#descriptor === null) return;
    if (this.#flushSoon) clearTimeout(this.#flushSoon);
    try {
      fdatasyncSync(this.#descriptor);
    } catch {
      // As in #flush.
    }
    closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  /** Its name is on the disk too. */
  #begin(descriptor: number): void {
    fsyncSync(descriptor);
    // Windows has no folder handles to sync; its file system keeps names with files.
    if (process.platform === 'win32') return;
    const folder = openSync(dirname(this.#path), 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }

  /** Not with every commit, which waits for the disk once already. */
  #plan(): void {
    this.#flushSoon ??= setTimeout(() => {
      this.#flushSoon = null;
      void this.#flush();
    }, FLUSH_MILLISECONDS).unref();
  }

  async #flush(): Promise<void> {
    try {
      // A handle of its own, so that nobody need wait for it to close the file.
      const file = await openFile(this.#path, 'r+');
      await file.datasync().finally(() => file.close());
    } catch {
      // The system writes it in its own time; a mark that is behind refuses nothing.
    }
  }
}

/**
 * Compares what the mark says with what the database has; both null is a state that was never sealed.
 * @param path the database's
 * @throws EspalierError `not_resumable` when the database has lost commits, or one of them is of another run.
 */
export function checkMark(path: string, mark: Mark | null, database: Mark | null): void {
  const facts = { path };
  if (mark === null) {
    // A crash right after the first seal leaves no mark yet.
    if (database === null || database.commits <= 1) return;
    const file = join(dirname(path), STATE_FILES.mark);
    throw new EspalierError(
      'not_resumable',
      `${file} is gone or damaged: without it nothing says whether ${path} has lost commits; restore the run folder from a backup`,
      facts,
    );
  }
  if (database !== null && database.run === mark.run && database.commits >= mark.commits) return;
  const log = `${path}-wal`;
  const lost =
    database === null
      ? 'holds no run'
      : database.run === mark.run
        ? `has ${String(database.commits)} commits`
        : 'is of another run';
  throw new EspalierError(
    'not_resumable',
    `${path} ${lost}, its mark says ${String(mark.commits)}: its write-ahead log ${log} is ${statSync(log, { throwIfNoEntry: false })?.size ? 'damaged' : 'gone'}, or it is an older copy; restore the run folder from a backup`,
    facts,
  );
}

function slotOf(bytes: Buffer): Mark | null {
  const [, text, run, commits, check] =
    /^((\S+) (\d+) )([0-9a-f]{8}) *\n$/.exec(bytes.toString('latin1')) ?? [];
  if (text === undefined || run === undefined || check !== checkOf(text)) return null;
  return { run, commits: Number(commits) };
}

function checkOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
