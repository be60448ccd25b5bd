import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { EspalierError, isEspalierError } from '@espalier/core';
import { storageError } from '@espalier/disk';

/** Receives the progress of a download, in bytes; `total` is null until the server states it. */
export type DownloadProgress = (received: number, total: number | null) => void;

/** Checksum and progress callback of a download. */
export interface DownloadOptions {
  /** MD5 in hex. */
  readonly md5: string;
  readonly onProgress?: DownloadProgress;
}

/** Bytes of a file; the largest of the catalogue has a sixth of it. */
const LARGEST_DOWNLOAD = 2 ** 30;

/** Connections that may break before the download gives up; what came stays for the next time. */
const TRIES = 4;

/**
 * Downloads a file to `target`, by way of `<target>.part`, which a later call goes on from where the server knows how
 * to. The target appears whole and checked, or not at all; one that is there already and has the checksum is kept.
 * @returns whether anything was downloaded
 * @throws EspalierError `connection_lost` when the server cannot be reached or keeps breaking off; `invalid_data` when
 * it has no such file, the checksum is another (nothing is kept then), or another file is in the target's place.
 */
export async function download(url: string, target: string, options: DownloadOptions): Promise<boolean> {
  if ((await sizeOf(target)) !== null) {
    checkSame(target, await md5Of(target), options.md5);
    return false;
  }
  const part = `${target}.part`;
  for (let attempt = 1; !(await receive(url, part, options)); attempt++) {
    if (attempt === TRIES) {
      throw new EspalierError(
        'connection_lost',
        `${url} broke off ${TRIES} times; ${(await sizeOf(part)) ?? 0} bytes are kept: run the command again to go on`,
        { url },
      );
    }
  }
  const md5 = await md5Of(part);
  if (md5 !== options.md5) {
    await rm(part);
    throw new EspalierError(
      'invalid_data',
      `${url} has the MD5 ${md5}; expected ${options.md5}. It was removed: try again, and if that does not help the file has been changed`,
      { url, md5 },
    );
  }
  await rename(part, target);
  return true;
}

/** Sets of one family have files of the same names: none takes another's place. */
function checkSame(target: string, found: string, expected: string): void {
  if (found === expected) return;
  throw new EspalierError(
    'invalid_data',
    `${target} is there already and is another file (its MD5 is ${found}, expected ${expected}); move it away, or choose another folder`,
    { path: target },
  );
}

/** One connection; false when it broke off. */
async function receive(url: string, part: string, options: DownloadOptions): Promise<boolean> {
  const have = (await sizeOf(part)) ?? 0;
  const response = await request(url, have);
  if (response === null) return false;
  // Nothing lies beyond what is there: either it is whole, which the checksum says, or it is of another file.
  if (response.status === 416) {
    await response.body?.cancel();
    return true;
  }
  const resumed =
    response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${have}-`) === true;
  if (!response.ok || (response.status === 206 && !resumed)) {
    throw new EspalierError(
      'invalid_data',
      `${url} answered ${response.status} ${response.statusText}; expected the file`,
      {
        url,
        status: response.status,
      },
    );
  }
  return store(response, part, { from: resumed ? have : 0, onProgress: options.onProgress });
}

async function request(url: string, from: number): Promise<Response | null> {
  try {
    return await fetch(url, {
      headers:
        from > 0
          ? { range: `bytes=${from}-`, 'accept-encoding': 'identity' }
          : { 'accept-encoding': 'identity' },
    });
  } catch (error) {
    if (from > 0) return null;
    const cause =
      error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new EspalierError('connection_lost', `${url} cannot be reached (${cause})`, { url });
  }
}

interface Receiving {
  readonly from: number;
  readonly onProgress: DownloadProgress | undefined;
}

async function store(response: Response, part: string, { from, onProgress }: Receiving): Promise<boolean> {
  const announced = response.headers.get('content-length');
  const total = announced === null ? null : from + Number(announced);
  const file = await open(part, from > 0 ? 'a' : 'w');
  let received = from;
  let failure: unknown;
  try {
    for await (const chunk of response.body ?? []) {
      received += (chunk as Uint8Array).length;
      if (received > LARGEST_DOWNLOAD) throw tooLarge(response.url, received);
      await file.writeFile(chunk as Uint8Array);
      onProgress?.(received, total);
    }
    return total === null || received === total;
  } catch (error) {
    if (isEspalierError(error) || isDiskError(error)) failure = error;
    else return false;
  } finally {
    await file.close();
  }
  // A part left by a full disk, or of another file, would only obstruct the next attempt.
  await rm(part, { force: true });
  throw isEspalierError(failure) ? failure : storageError('write', part, failure);
}

function tooLarge(url: string, bytes: number): EspalierError {
  return new EspalierError(
    'invalid_data',
    `${url} sent ${bytes} bytes and more; no file of these sets has more than ${LARGEST_DOWNLOAD}: look at the address`,
    { url, bytes },
  );
}

function isDiskError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'syscall' in error && error.syscall === 'write';
}

async function sizeOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ size }) => size,
    () => null,
  );
}

async function md5Of(path: string): Promise<string> {
  const hash = createHash('md5');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
