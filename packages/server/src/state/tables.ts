/** Paths of a state's files in its folder. */
export const STATE_FILES = {
  database: 'coordinator.db',
  lock: 'lock.db',
  blobs: 'blobs',
  mark: 'mark',
} as const;

/** Changes with the tables; a state of another version is refused, never guessed at. */
export const STATE_VERSION = '2';

/** Versions that are read as they are, and become the present one when a coordinator takes the run up. */
export const EARLIER_VERSIONS: ReadonlySet<string> = new Set(['1']);

/** Made where they are not; `sealed` states have rows in `seals`. */
export const TABLES = `
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS journal (sequence INTEGER PRIMARY KEY, at REAL NOT NULL, event TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS snapshot (
  id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL, at REAL NOT NULL, state TEXT NOT NULL,
  deadline_step INTEGER NOT NULL, deadline_ends REAL NOT NULL, workshop TEXT NOT NULL, blobs TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL, created TEXT NOT NULL, revoked TEXT);
CREATE TABLE IF NOT EXISTS seals (name TEXT PRIMARY KEY, value TEXT NOT NULL);
`;
