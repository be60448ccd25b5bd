import * as fs from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { EspalierError } from '@espalier/core';
import { storageError } from './storage-error.js';

const open = promisify(fs.open);
const fstat = promisify(fs.fstat);
/** Windows has no such flag. */
const NO_WAITING = (fs.constants as { readonly O_NONBLOCK?: number }).O_NONBLOCK ?? 0;

/**
 * The bytes of a file that a person named on a command line: a pipe is read to its end too, as a shell makes one of
 * `<(command)`.
 * @param most bytes that it may have
 * @param what what the file is to people, such as `the job file`
 * @throws EspalierError `storage` when it cannot be read; `invalid_data` when it is too large.
 */
export async function readStream(path: string, most: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  try {
    for await (const chunk of await streamOf(path)) {
      chunks.push(chunk as Buffer);
      total += (chunk as Buffer).length;
      if (total > most) break;
    }
  } catch (error) {
    throw storageError('read', path, error, what);
  }
  if (total <= most) return Buffer.concat(chunks);
  throw new EspalierError(
    'invalid_data',
    `${what} ${path} has more than ${most} bytes; give the right file, or a smaller one`,
    { path },
  );
}

/**
 * A thread that waits for a pipe would keep the process from ending, even by `process.exit`: pipes are opened without
 * waiting and read as sockets are.
 */
async function streamOf(path: string): Promise<Readable> {
  const fd = await open(path, fs.constants.O_RDONLY | NO_WAITING);
  const found = await fstat(fd);
  if (found.isFIFO()) return new Socket({ fd, readable: true, writable: false });
  return fs.createReadStream(path, { fd });
}
