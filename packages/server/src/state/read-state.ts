import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError, readState as readDecisions, type Phase } from '@espalier/core';
import { BlobFolder } from './blob-folder.js';
import { StateDatabase } from './database.js';
import { readEntries, readSnapshot, STATE_FILES } from './state-folder.js';

/** What a state folder holds, for people. */
export interface StateContents {
  /** Entries of the journal, and how many came after the snapshot. */
  readonly entries: number;
  readonly sinceSnapshot: number;
  /** Seconds the run had lasted at the last entry. */
  readonly seconds: number;
  /** Null before the first snapshot. */
  readonly snapshot: {
    readonly phase: Phase;
    readonly round: number;
    readonly clients: number;
    /** Blob of the model; read it with `espalier inspect`. */
    readonly blobs: readonly string[];
  } | null;
  /** How often each kind of event is in the journal. */
  readonly events: Readonly<Record<string, number>>;
  /** Blobs in the folder, and those whose bytes are damaged. */
  readonly blobs: { readonly count: number; readonly damaged: readonly string[] };
}

/** Reads a state folder without taking it. @throws EspalierError `invalid_data` when it is none, `storage`. */
export async function readState(path: string): Promise<StateContents> {
  const file = join(path, STATE_FILES.database);
  await access(file).catch(() => {
    throw new EspalierError(
      'invalid_data',
      `${path} is not a state folder: it has no ${STATE_FILES.database}`,
      {
        path,
      },
    );
  });
  const database = new StateDatabase(file);
  try {
    return await contents(database, await BlobFolder.open(join(path, STATE_FILES.blobs)));
  } finally {
    database.close();
  }
}

async function contents(database: StateDatabase, blobs: BlobFolder): Promise<StateContents> {
  const snapshot = readSnapshot(database);
  const entries = readEntries(database, 0);
  const events: Record<string, number> = {};
  for (const { event } of entries) events[event.kind] = (events[event.kind] ?? 0) + 1;
  const { names } = blobs;
  const checks = await Promise.all(names.map(async (name) => ({ name, whole: await blobs.isWhole(name) })));
  return {
    entries: entries.length,
    sinceSnapshot: entries.length - (snapshot?.sequence ?? 0),
    seconds: entries.at(-1)?.at ?? 0,
    snapshot: snapshot && { ...place(snapshot.state), blobs: snapshot.blobs },
    events,
    blobs: { count: names.length, damaged: checks.filter(({ whole }) => !whole).map(({ name }) => name) },
  };
}

function place(text: string): { readonly phase: Phase; readonly round: number; readonly clients: number } {
  const { phase, round, seats } = readDecisions(text);
  return { phase, round, clients: seats.size };
}
