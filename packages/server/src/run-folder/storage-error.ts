import { EspalierError } from '@espalier/core';

/** What went wrong with a file or folder, and what to look at. */
export function storageError(action: 'read' | 'write', path: string, error: unknown): EspalierError {
  const reason = error instanceof Error ? error.message : String(error);
  return new EspalierError(
    'storage',
    `cannot ${action} ${path}: ${reason}; look at free space and permissions`,
    { path },
  );
}

/** The system's code of a failed file operation, e.g. `ENOENT`; told by its field, since errors cross realms. */
export function systemCode(error: unknown): string | null {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : null;
}
