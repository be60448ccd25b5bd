import { storageError, systemCode } from '@espalier/disk';
import { copyFile, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { EspalierError, toEspalierError } from '@espalier/core';
import { readState, type CoordinatorEvent } from '@espalier/core/protocol';
import { answerReference } from '../coordinator/journal/answer-reference.js';
import { BlobFolder } from './blob-folder.js';
import { StateDatabase } from './database.js';
import { FolderLock } from './folder-lock.js';
import { checkMark, MarkFile } from './mark-file.js';
import { computeSeals, readSeals } from './seals.js';
import { readEntries, readSnapshot } from './state-rows.js';
import { STATE_FILES, STATE_VERSION } from './tables.js';

/** Knowledge of a run from outside its state. */
export interface RunSigns {
  /** SHA-256 of the run's job file in hex; null where a state has none. */
  readonly job: string | null;
  /** Files that only a run that has begun leaves, as people see them. */
  readonly traces: readonly string[];
  /** The last round that they speak of; -1 for none. */
  readonly round: number;
}

/** Nothing is known outside the state. */
export const NO_SIGNS: RunSigns = { job: null, traces: [], round: -1 };

/**
 * Makes sure that a run can be taken up from its state, or that it was never begun, while nobody works on it. Reads only,
 * and reads a copy of the database: opening it would move its write-ahead log, which a refusal must leave as it is.
 * @param blobs whether the blobs that are needed are read too
 * @throws EspalierError `not_resumable` naming what is lost, changed or damaged; `storage` where SQLite says so, and when
 * another coordinator works on it.
 */
export async function checkState(path: string, signs: RunSigns, blobs: boolean): Promise<void> {
  const lock = FolderLock.ofExisting(path);
  try {
    await checkLocked(path, signs, blobs);
  } finally {
    lock?.release();
  }
}

/** As {@link checkState}, by who has the lock. */
export async function checkLocked(path: string, signs: RunSigns, blobs: boolean): Promise<void> {
  const file = join(path, STATE_FILES.database);
  const [size, log] = [await sizeOf(file), await sizeOf(`${file}-wal`)];
  const traces = [...(await stateTraces(path)), ...signs.traces];
  if (size === 0 || size === null) {
    // SQLite deletes the log of an empty database.
    if (log) traces.push(join('state', `${STATE_FILES.database}-wal`));
    if (traces.length > 0) throw lost(file, size === null ? 'is gone' : 'is empty', traces);
    return;
  }
  const needed = await withCopy(file, (database) => checkDatabase(database, { path, file, traces, signs }));
  if (blobs) await checkBlobs(join(path, STATE_FILES.blobs), needed);
}

/** Why a run cannot be taken up from an open database, in a sentence; none where it can, as far as it alone can say. */
export function databaseProblem(database: StateDatabase, file: string): readonly string[] {
  try {
    checkDatabase(database, { path: dirname(file), file, traces: [], signs: NO_SIGNS });
    return [];
  } catch (error) {
    return [toEspalierError(error).rawMessage];
  }
}

interface Checked {
  readonly path: string;
  readonly file: string;
  readonly traces: readonly string[];
  readonly signs: RunSigns;
}

/** Gives the names of the blobs that the run is taken up with. */
function checkDatabase(database: StateDatabase, checked: Checked): readonly string[] {
  const { path, file, traces, signs } = checked;
  // Before the database: a coordinator at work writes the mark last.
  const mark = new MarkFile(join(path, STATE_FILES.mark)).read();
  if (!database.hasTable('meta')) {
    if (traces.length > 0) throw lost(file, 'holds no run: its write-ahead log is gone or damaged', traces);
    return [];
  }
  database.checkVersion();
  const sealed = database.hasTable('seals') ? readSeals(database) : null;
  if (sealed === null) return checkUnsealed(database, checked);
  checkMark(file, mark, database.mark);
  const { journal, facts } = computeSeals(database);
  if (journal !== sealed.journal) throw changed(file, 'its journal or snapshot');
  if (facts !== sealed.facts) throw changed(file, 'its tokens or what it says of the job');
  checkJob(database, signs, path);
  return neededBlobs(database);
}

/** A state of an earlier version says less of itself, so the run folder is compared with it. */
function checkUnsealed(database: StateDatabase, { file, traces, signs }: Checked): readonly string[] {
  const [row] = database.rows(
    "SELECT (SELECT count(*) FROM journal) + (SELECT count(*) FROM meta WHERE key = 'admin') AS n",
  );
  if (row?.['n'] === 0) {
    if (traces.length > 0) throw lost(file, 'holds no run: its write-ahead log is gone or damaged', traces);
    return [];
  }
  if (database.version === STATE_VERSION) throw changed(file, 'its seals');
  const snapshot = readSnapshot(database);
  const round = snapshot === null ? -1 : readState(snapshot.state).round;
  if (round < signs.round) {
    const reached = round < 0 ? 'no round' : `round ${String(round + 1)}`;
    throw lost(file, `knows of ${reached} only: its write-ahead log is gone or damaged`, [
      `round ${String(signs.round + 1)} in the run folder`,
    ]);
  }
  return neededBlobs(database);
}

function checkJob(database: StateDatabase, { job }: RunSigns, path: string): void {
  const begun = database.rows("SELECT value FROM meta WHERE key = 'job'")[0]?.['value'];
  if (begun == null || job === null || begun === job) return;
  throw new EspalierError(
    'not_resumable',
    `the job.yaml beside ${path} is not the one that the run was begun with: put that one back, or begin another run with this one (espalier serve --job)`,
    { path },
  );
}

/** Blobs of the snapshot, and the answers accepted since. */
function neededBlobs(database: StateDatabase): readonly string[] {
  const snapshot = readSnapshot(database);
  const answers = readEntries(database, snapshot?.sequence ?? 0).flatMap(({ event }) => payloadOf(event));
  return [...new Set([...(snapshot?.blobs ?? []), ...answers])];
}

function payloadOf(event: CoordinatorEvent): readonly string[] {
  return event.kind === 'answer' ? [answerReference(event.payload).blob] : [];
}

async function checkBlobs(path: string, names: readonly string[]): Promise<void> {
  const folder = await BlobFolder.look(path);
  for (const name of names) {
    if (await folder.isWhole(name)) continue;
    const how = folder.names.includes(name) ? 'damaged: its bytes are not those that its name says' : 'gone';
    throw new EspalierError(
      'not_resumable',
      `${join(path, name)} is ${how}; the run needs it to go on: restore it from a backup (espalier inspect says what is whole)`,
      { path: join(path, name) },
    );
  }
}

/** Runs the action on a copy of the database and its write-ahead log, checked page by page. */
async function withCopy<T>(file: string, action: (database: StateDatabase) => T): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-check-'));
  try {
    for (const end of ['', '-wal']) {
      await copyFile(`${file}${end}`, join(folder, `${STATE_FILES.database}${end}`)).catch(
        (error: unknown) => {
          if (end === '' || systemCode(error) !== 'ENOENT')
            throw storageError('read', `${file}${end}`, error);
        },
      );
    }
    const database = new StateDatabase(join(folder, STATE_FILES.database), 'check', file);
    try {
      return action(database);
    } finally {
      database.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Lists the files that a state has besides its database once its run has begun. */
async function stateTraces(path: string): Promise<readonly string[]> {
  const mark = await sizeOf(join(path, STATE_FILES.mark));
  const blobs = await readdir(join(path, STATE_FILES.blobs)).catch(() => []);
  const found = [mark !== null && STATE_FILES.mark, blobs.length > 0 && STATE_FILES.blobs];
  return found.filter((name) => name !== false).map((name) => join('state', name));
}

/** Null for a file that is not there. */
async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw storageError('read', path, error);
  }
}

function lost(file: string, how: string, traces: readonly string[]): EspalierError {
  return new EspalierError(
    'not_resumable',
    `${file} ${how}, and ${traces.join(', ')} ${traces.length === 1 ? 'shows' : 'show'} that the run has got further: restore the run folder from a backup, or begin a new run from its newest checkpoint`,
    { path: file },
  );
}

function changed(file: string, what: string): EspalierError {
  return new EspalierError(
    'not_resumable',
    `${file} is damaged: ${what} changed after it was written; restore the run folder from a backup, or begin a new run from its newest checkpoint`,
    { path: file },
  );
}
