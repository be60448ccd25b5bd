import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** client-web's report page, with the slot for a report's data; null where it has not been built. */
export async function reportTemplate(): Promise<string | null> {
  const file = templateFile();
  return file !== null && existsSync(file) ? readFile(file, 'utf8') : null;
}

function templateFile(): string | null {
  try {
    const door = createRequire(import.meta.url).resolve('@espalier/client-web');
    return join(dirname(door), 'app', 'report.html');
  } catch {
    return null;
  }
}
