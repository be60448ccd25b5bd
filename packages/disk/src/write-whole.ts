import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { storageError } from './storage-error.js';
import { whenFree } from './when-free.js';

/** Settings for writing a file. */
export interface WriteOptions {
  /** Several processes may write it at once; the last to end wins. Off by default. */
  readonly shared?: boolean;
  /** On the disk before it has its name, so that a power cut leaves the old file or the new one. On by default. */
  readonly durable?: boolean;
}

/**
 * Writes a file whole or not at all: to a temporary name next to it, then renamed. When that fails, for
 * example on a full disk, the temporary file is removed.
 * @param content in parts, or as one
 * @throws EspalierError `storage` with the path and the reason.
 */
export async function writeWhole(
  path: string,
  content: Uint8Array | string | readonly Uint8Array[],
  { shared = false, durable = true }: WriteOptions = {},
): Promise<void> {
  const temporary = shared ? `${path}.${randomUUID()}.part` : `${path}.part`;
  parts.add(temporary);
  try {
    const file = await whenFree(() => open(temporary, 'w'));
    try {
      for (const part of isParts(content) ? content : [content]) await file.writeFile(part);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw storageError('write', path, error);
  } finally {
    parts.delete(temporary);
  }
}

/** Temporary files that are being written. */
const parts = new Set<string>();

/** Removes half-written files, for a process that ends at once. */
export function removeParts(): void {
  for (const part of parts) rmSync(part, { force: true });
}

function isParts(content: Uint8Array | string | readonly Uint8Array[]): content is readonly Uint8Array[] {
  return Array.isArray(content);
}
