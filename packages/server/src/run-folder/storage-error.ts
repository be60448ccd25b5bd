import { EspalierError } from '@espalier/core';

const DAMAGED =
  'it is damaged: restore it from a backup; espalier inspect says what can be saved without one';

/** What to do about a failure of the file system, by the system's code. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space, then go on with espalier serve --resume',
  EDQUOT: 'the quota is used up: free some space',
  EACCES: 'this user may not: change the permissions, or choose another folder',
  EPERM: 'this user may not: change the permissions, or choose another folder',
  EROFS: 'the file system is read-only: choose another folder',
  ENOENT: 'it is not there: look at the path',
  ENOTDIR: 'a part of the path is a file and not a folder: look at the path',
  EISDIR: 'it is a folder and not a file: look at the path',
  EMFILE: 'too many files are open: raise the limit (ulimit -n)',
  SQLITE_CANTOPEN: 'it cannot be opened: look at the path, the permissions and whether the disk is read-only',
  SQLITE_CORRUPT: DAMAGED,
  SQLITE_NOTADB: DAMAGED,
};

/** How SQLite says the same in words. */
const DATABASE_WORDS: readonly (readonly [RegExp, string])[] = [
  [/disk is full/i, 'ENOSPC'],
  [/readonly database/i, 'EROFS'],
];

/** What went wrong with a file or folder, and what to look at. */
export function storageError(action: 'read' | 'write', path: string, error: unknown): EspalierError {
  const reason = error instanceof Error ? error.message : String(error);
  const remedy = REMEDIES[causeOf(error, reason)] ?? 'look at free space and permissions';
  return new EspalierError('storage', `cannot ${action} ${path}: ${reason}; ${remedy}`, { path });
}

function causeOf(error: unknown, reason: string): string {
  const said = DATABASE_WORDS.find(([words]) => words.test(reason))?.[1];
  return said ?? systemCode(error) ?? '';
}

/** The system's code of a failed file operation, e.g. `ENOENT`; told by its field, since errors cross realms. */
export function systemCode(error: unknown): string | null {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : null;
}
