import { EspalierError } from '@espalier/core';
import type { CoordinatorEvent, JournalEntry } from '@espalier/core/protocol';
import type { ByteFigures } from '@espalier/core/report';
import type { Snapshot } from '../coordinator/journal/journal.js';
import type { Row, Value } from './row-reader.js';
import type { StateDatabase } from './database.js';

/** Entries of the journal after that one, oldest first. */
export function readEntries(database: StateDatabase, after: number): readonly JournalEntry[] {
  return database
    .rows('SELECT at, event FROM journal WHERE sequence > ? ORDER BY sequence', after)
    .map(({ at, event }) => ({ at: Number(at), event: parsed(String(event)) as CoordinatorEvent }));
}

/** Returns the bytes transferred as of the last commit; null when none were recorded. */
export function readTotals(database: StateDatabase): ByteFigures | null {
  const row = database.rows('SELECT value FROM meta WHERE key = ?', 'bytes')[0];
  return row ? (parsed(String(row['value'])) as ByteFigures) : null;
}

/** Writes them, and gives them as they are stored. */
export function writeTotals(database: StateDatabase, { up, down }: ByteFigures): string {
  const text = JSON.stringify({ up, down });
  database.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', 'bytes', text);
  return text;
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

/** Writes it in place of the one before, and gives its row's values in order. */
export function writeSnapshot(database: StateDatabase, snapshot: Snapshot): readonly Value[] {
  const { sequence, at, state, deadline, workshop, blobs } = snapshot;
  const values = [sequence, at, state, deadline.step, deadline.ends, workshop, JSON.stringify(blobs)];
  database.run('INSERT OR REPLACE INTO snapshot VALUES (1, ?, ?, ?, ?, ?, ?, ?)', ...values);
  return values;
}

/** Number of the last entry; 0 for none. */
export function lastSequence(database: StateDatabase): number {
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
