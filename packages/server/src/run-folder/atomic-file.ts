import { open, rename } from 'node:fs/promises';
import { storageError } from './storage-error.js';
import { whenFree } from './when-free.js';

/**
 * Writes a file whole or not at all: to a temporary name beside it, to the disk, then renamed.
 * @throws EspalierError `storage` with the path and the reason.
 */
export async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${path}.part`;
  try {
    const file = await whenFree(() => open(temporary, 'w'));
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    throw storageError('write', path, error);
  }
}
