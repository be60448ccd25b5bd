import { EspalierError } from '@espalier/core';

/** Advice by the system's or the database's error code. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /^(ENOSPC|EDQUOT|SQLITE_FULL)$/,
    'the disk is full: make room, then start the same command again, espalier serve with --resume',
  ],
  [
    /^(EROFS|EACCES|EPERM|SQLITE_READONLY|SQLITE_CANTOPEN|SQLITE_PERM)/,
    'look at its owner and permissions, and whether its disk is mounted for writing',
  ],
  [
    /^(SQLITE_CORRUPT|SQLITE_NOTADB)/,
    'it is damaged: restore it from a backup; espalier inspect says what can be saved without one',
  ],
  [/^ENOENT$/, 'it is not there: look at its spelling'],
  [/^ENOTDIR$/, 'a part of the path is a file and not a folder: look at its spelling'],
  [/^EEXIST$/, 'something of that name is there and is no folder: move it away, or choose another name'],
  [/^EISDIR$/, 'it is a folder and not a file: look at its spelling'],
  [/^(EMFILE|ENFILE)$/, 'too many files are open: raise the limit (ulimit -n)'],
];

/**
 * Error for a file or folder, with its cause and a remedy.
 * @param what what the file is to people, such as `the job file`; its path alone says enough where it is left
 * out
 */
export function storageError(
  action: 'read' | 'write',
  path: string,
  error: unknown,
  what?: string,
): EspalierError {
  const reason = messageOf(error);
  const code = systemCode(error) ?? '';
  const advice = ADVICE.find(([codes]) => codes.test(code))?.[1] ?? 'look at free space and permissions';
  return new EspalierError(
    'storage',
    `cannot ${action} ${what === undefined ? path : `${what} ${path}`}: ${reason}; ${advice}`,
    code === '' ? { path } : { path, system: code },
  );
}

function messageOf(error: unknown): string {
  const told = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return String(told);
}

/**
 * The system's code of a failed file operation, e.g. `ENOENT`; recognised by its field, since errors cross
 * realms.
 */
export function systemCode(error: unknown): string | null {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : null;
}
