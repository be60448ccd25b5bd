import { EspalierError } from '@espalier/core';

/** True for the error of a file that does not exist. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** The system's error as ours. */
export function fileError(verb: 'read' | 'write', file: string, error: unknown): EspalierError {
  const cause = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return new EspalierError('storage', `cannot ${verb} ${file}: ${cause}`, { path: file });
}
