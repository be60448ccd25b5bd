import { createHash } from 'node:crypto';
import type { Row, RowReader, Value } from './row-reader.js';

/**
 * SQLite notices a damaged page, not a changed letter in a row. What a resumed run reads is therefore sealed: `journal`
 * is a digest of the snapshot, every entry after it and the byte counts, `facts` one of tokens, job and run.
 */
export interface Seals {
  readonly journal: string;
  readonly facts: string;
}

/** The seals that the database holds; null in a state of an earlier version, and in one that was never begun. */
export function readSeals(database: RowReader): Seals | null {
  const rows = new Map(
    database.rows('SELECT name, value FROM seals').map(({ name, value }) => [String(name), String(value)]),
  );
  const journal = rows.get('journal');
  const facts = rows.get('facts');
  return journal === undefined || facts === undefined ? null : { journal, facts };
}

/** Computes the seals that the contents of the database should have. */
export function computeSeals(database: RowReader): Seals {
  return { journal: journalSeal(readTail(database), readBytes(database)), facts: factsSeal(database) };
}

/** Seal of tokens, job and run: of everything but the journal. */
export function factsSeal(database: RowReader): string {
  return digest(
    JSON.stringify([
      database.rows("SELECT key, value FROM meta WHERE key <> 'bytes' ORDER BY key"),
      database.rows('SELECT * FROM tokens ORDER BY id'),
    ]),
  );
}

/** Seal of the journal. @param bytes what has crossed connections, as it is stored; empty for nothing */
export function journalSeal(tail: string, bytes: string): string {
  return digest(`${tail} ${bytes}`);
}

/** The digest of a snapshot, given its row's values in order; entries after it are folded onto it. */
export function snapshotTail(values: readonly Value[]): string {
  const hash = createHash('sha256').update('snapshot');
  // Lengths keep neighbours apart; a fleet's state is large, and is not to be copied once more.
  for (const text of values.map(String)) hash.update(` ${String(text.length)} `).update(text);
  return hash.digest('hex');
}

/** The digest with one more entry. */
export function entryTail(tail: string, entry: { sequence: number; at: number; event: string }): string {
  return digest(`${tail} ${String(entry.sequence)} ${String(entry.at)} ${entry.event}`);
}

/** The digest of the snapshot and all entries after it, as the database holds them. */
export function readTail(database: RowReader): string {
  const snapshot: Row | undefined = database.rows('SELECT * FROM snapshot')[0];
  const after = Number(snapshot?.['sequence'] ?? 0);
  const values = snapshot
    ? Object.entries(snapshot).flatMap(([key, value]) => (key === 'id' ? [] : [value]))
    : [];
  return database
    .rows('SELECT sequence, at, event FROM journal WHERE sequence > ? ORDER BY sequence', after)
    .reduce(
      (tail, { sequence, at, event }) =>
        entryTail(tail, { sequence: Number(sequence), at: Number(at), event: String(event) }),
      snapshotTail(values),
    );
}

/** Returns the stored text of the bytes transferred; empty when none were recorded. */
export function readBytes(database: RowReader): string {
  const row = database.rows("SELECT value FROM meta WHERE key = 'bytes'")[0];
  return row ? String(row['value']) : '';
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
