import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { EspalierError } from '@espalier/core';
import { storageError } from './storage-error.js';

/** Opening a pipe without a writer must not block. Windows has no such flag, and no such pipes. */
const FLAGS = constants.O_RDONLY | ((constants as { readonly O_NONBLOCK?: number }).O_NONBLOCK ?? 0);

/**
 * The bytes of a regular file. Pipes, devices and sockets are refused before a byte is read, and so is a file
 * that is too large; one that grows meanwhile is read up to its initial size.
 * @param most bytes that it may have
 * @param what what the file is to people, such as `the job file`; its path alone says enough where it is left
 * out
 * @throws EspalierError `storage` when it cannot be read; `invalid_data` when it is not a regular file or is
 * too large.
 */
export async function readBounded(path: string, most: number, what?: string): Promise<Buffer> {
  const file = await open(path, FLAGS).catch((error: unknown) => {
    throw storageError('read', path, error, what);
  });
  try {
    const size = await sizeWithin(file, most, { path, name: what === undefined ? path : `${what} ${path}` });
    return await bytesOf(file, size);
  } catch (error) {
    if (error instanceof EspalierError) throw error;
    throw storageError('read', path, error, what);
  } finally {
    await file.close();
  }
}

async function sizeWithin(
  file: FileHandle,
  most: number,
  { path, name }: { readonly path: string; readonly name: string },
): Promise<number> {
  const found = await file.stat();
  // The system's own words for it are the clearest.
  if (found.isDirectory()) throw Object.assign(new Error('EISDIR: it is a folder'), { code: 'EISDIR' });
  if (!found.isFile())
    throw new EspalierError('invalid_data', `${name} is no regular file; give one`, { path });
  if (found.size > most) {
    throw new EspalierError(
      'invalid_data',
      `${name} has ${found.size} bytes; at most ${most} are read: give the right file, or a smaller one`,
      { path, bytes: found.size },
    );
  }
  return found.size;
}

async function bytesOf(file: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size);
  for (let at = 0; at < size;) {
    const { bytesRead } = await file.read(bytes, at, size - at, at);
    if (bytesRead === 0) return bytes.subarray(0, at);
    at += bytesRead;
  }
  return bytes;
}
