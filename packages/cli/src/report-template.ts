import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { webFolder } from './web-app.js';

/** client-web's report page, with the slot for a report's data; null where it has not been built. */
export async function reportTemplate(): Promise<string | null> {
  const folder = webFolder();
  return folder === null ? null : readFile(join(folder, 'report.html'), 'utf8');
}
