import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError, toEspalierError } from '@espalier/core';
import { readState as readDecisions, type Phase } from '@espalier/core/protocol';
import { decodeBundle } from '@espalier/proto';
import { BlobFolder } from './blob-folder.js';
import { databaseProblem } from './check-state.js';
import { StateDatabase } from './database.js';
import { readEntries, readSnapshot } from './state-rows.js';
import { STATE_FILES } from './tables.js';

/** Contents of a state folder, for display. */
export interface StateContents {
  /** Why the run cannot be resumed from it, a sentence each; none when it can. */
  readonly problems: readonly string[];
  /** Entries of the journal, and how many came after the snapshot. */
  readonly entries: number;
  readonly sinceSnapshot: number;
  /** Seconds the run had lasted at the last entry. */
  readonly seconds: number;
  /** Null before the first snapshot, and where the database cannot be read. */
  readonly snapshot: {
    readonly phase: Phase;
    readonly round: number;
    readonly clients: number;
    readonly blobs: readonly string[];
  } | null;
  /** Number of events of each kind in the journal. */
  readonly events: Readonly<Record<string, number>>;
  readonly blobs: {
    readonly count: number;
    /** Bytes are not those of the name. */
    readonly damaged: readonly string[];
    /** The snapshot speaks of them, and they are not there. */
    readonly missing: readonly string[];
    /** Whole models; `espalier inspect` and `espalier export` read them as they are. */
    readonly models: readonly string[];
  };
}

type Journalled = Omit<StateContents, 'problems' | 'blobs'>;

/**
 * Reads a state folder without taking it, whatever is wrong with it.
 * @throws EspalierError `invalid_data` when it is none, `storage` when its blobs cannot be listed.
 */
export async function readState(path: string): Promise<StateContents> {
  const file = join(path, STATE_FILES.database);
  await access(file).catch(() => {
    throw new EspalierError(
      'invalid_data',
      `${path} is not a state folder: it has no ${STATE_FILES.database}`,
      { path },
    );
  });
  const { journalled, problem } = readJournalled(file);
  const blobs = await readBlobs(join(path, STATE_FILES.blobs), journalled.snapshot?.blobs ?? []);
  return { ...journalled, blobs, problems: [...problem, ...blobProblems(blobs, journalled.snapshot)] };
}

const NOTHING: Journalled = { entries: 0, sinceSnapshot: 0, seconds: 0, snapshot: null, events: {} };

function readJournalled(file: string): {
  readonly journalled: Journalled;
  readonly problem: readonly string[];
} {
  try {
    const database = new StateDatabase(file, 'read');
    try {
      return database.consistently(() => ({
        journalled: journalledIn(database),
        problem: databaseProblem(database, file),
      }));
    } finally {
      database.close();
    }
  } catch (error) {
    return { journalled: NOTHING, problem: [toEspalierError(error).rawMessage] };
  }
}

function journalledIn(database: StateDatabase): Journalled {
  const snapshot = readSnapshot(database);
  const entries = readEntries(database, 0);
  const events: Record<string, number> = {};
  for (const { event } of entries) events[event.kind] = (events[event.kind] ?? 0) + 1;
  return {
    entries: entries.length,
    sinceSnapshot: entries.length - (snapshot?.sequence ?? 0),
    seconds: entries.at(-1)?.at ?? 0,
    snapshot: snapshot && { ...place(snapshot.state), blobs: snapshot.blobs },
    events,
  };
}

async function readBlobs(path: string, needed: readonly string[]): Promise<StateContents['blobs']> {
  const folder = await BlobFolder.look(path);
  const damaged: string[] = [];
  const models: string[] = [];
  for (const name of folder.names) {
    const bytes = await folder.read(name).catch(() => null);
    if (bytes === null) damaged.push(name);
    else if (isModel(bytes)) models.push(name);
  }
  const missing = needed.filter((name) => !folder.names.includes(name));
  return { count: folder.names.length, damaged, missing, models };
}

function isModel(bytes: Uint8Array): boolean {
  try {
    decodeBundle(bytes);
    return true;
  } catch {
    return false;
  }
}

function blobProblems(
  { damaged, missing }: StateContents['blobs'],
  snapshot: StateContents['snapshot'],
): readonly string[] {
  const needed = new Set(snapshot?.blobs ?? []);
  return [
    ...missing.map((name) => `the snapshot needs blob ${name}, which is gone`),
    ...damaged
      .filter((name) => needed.has(name))
      .map((name) => `the snapshot needs blob ${name}, which is damaged`),
  ];
}

function place(text: string): { readonly phase: Phase; readonly round: number; readonly clients: number } {
  const { phase, round, seats } = readDecisions(text);
  return { phase, round, clients: seats.size };
}
