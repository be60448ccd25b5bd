import { EspalierError } from '@espalier/core';

/** True for the error of a file that does not exist. */
export function isMissing(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The system's error as ours. */
export function fileError(verb: 'read' | 'write', file: string, error: unknown): EspalierError {
  return new EspalierError('storage', `cannot ${verb} ${file}: ${systemCode(error) ?? String(error)}`, {
    path: file,
  });
}

function systemCode(error: unknown): string | null {
  const isCoded = typeof error === 'object' && error !== null && 'code' in error;
  return isCoded && typeof error.code === 'string' ? error.code : null;
}
