import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { EspalierError } from '@espalier/core';

/** Folder of the pages that client-web has built; null where they are not there. */
export function webFolder(): string | null {
  try {
    const report = createRequire(import.meta.url).resolve('@espalier/client-web/app/report.html');
    return existsSync(report) ? dirname(report) : null;
  } catch {
    return null;
  }
}

/** The same where nothing can be done without. @throws EspalierError `invalid_argument` with what to type. */
export function neededWebFolder(): string {
  const folder = webFolder();
  if (folder !== null) return folder;
  throw new EspalierError('invalid_argument', 'the pages are not built; build them with npm run build');
}
