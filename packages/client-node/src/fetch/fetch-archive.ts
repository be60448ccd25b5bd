import { mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError } from '@espalier/core';
import { makeFolder } from '@espalier/disk';
import { extract } from 'tar';
import type { Archive, ArchiveFile } from './catalogue.js';
import { download } from './download.js';

/** Settings of fetching an archive. */
export interface FetchOptions {
  /** Folder that the files come to lie in; made where it is missing. */
  readonly to: string;
  /** Another address that has the same files, in place of everything before their names. */
  readonly mirror?: string | null;
  readonly onProgress?: (file: string, received: number, total: number | null) => void;
}

/** Outcome of fetching a file. */
export interface FetchedFile {
  readonly path: string;
  /** False when it was there already. */
  readonly fresh: boolean;
}

/**
 * Fetches a public data set: downloads, checks and unpacks what is not there yet. Files appear whole or not at all.
 * @throws EspalierError `connection_lost`, `invalid_data`, `storage`; see `download`.
 */
export async function fetchArchive(archive: Archive, options: FetchOptions): Promise<readonly FetchedFile[]> {
  await makeFolder(options.to);
  const fetched: FetchedFile[] = [];
  for (const file of archive.files) fetched.push(await fetchFile(file, options));
  return fetched;
}

async function fetchFile(
  file: ArchiveFile,
  { to, mirror = null, onProgress }: FetchOptions,
): Promise<FetchedFile> {
  const url = mirror === null ? file.url : `${mirror.replace(/\/+$/, '')}/${file.name}`;
  const target = join(to, file.name);
  const unpacked = file.folder === null ? null : join(to, file.folder);
  if (unpacked !== null && (await isThere(unpacked))) return { path: unpacked, fresh: false };
  const fresh = await download(url, target, {
    md5: file.md5,
    onProgress: (received, total) => onProgress?.(file.name, received, total),
  });
  if (file.folder === null) return { path: target, fresh };
  return { path: await unpack(target, to, file.folder), fresh: true };
}

/** Unpacks beside the target and moves the folder in when it is whole; the tarball goes. */
async function unpack(tarball: string, to: string, folder: string): Promise<string> {
  const beside = await mkdtemp(join(to, '.unpack-'));
  try {
    await extract({
      file: tarball,
      cwd: beside,
      strict: true,
      filter: (_, entry) => !('type' in entry) || entry.type !== 'SymbolicLink',
    });
    if (!(await isThere(join(beside, folder)))) {
      throw new EspalierError('invalid_data', `${tarball} does not hold the folder ${folder}`, {
        path: tarball,
      });
    }
    await rename(join(beside, folder), join(to, folder));
    await rm(tarball);
    return join(to, folder);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
