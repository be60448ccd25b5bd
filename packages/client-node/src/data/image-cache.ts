import { createHash } from 'node:crypto';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { makeFolder, writeWhole } from '@espalier/disk';
import type { ImageEntry, SkippedFile } from './image-folder.js';

/** Decoded images as the cache keeps them: only those that could be decoded. */
export interface CachedImages {
  readonly images: Uint8Array;
  /** Positions, in the entries that were asked for, of those that could not be decoded, and why. */
  readonly skipped: readonly SkippedFile[];
  /** 1 where the entry was decoded. */
  readonly sound: Uint8Array;
}

/** Raised whenever the decoding, or the layout of the file, changes. */
const VERSION = 1;

/** `ESPCACHE`, then the length of the JSON header and the checksum of what follows it, as two 32-bit numbers. */
const MAGIC = Buffer.from('ESPCACHE');
const PREFIX = MAGIC.length + 8;

/** The operating system's folder for what can be made again. */
export function defaultCacheFolder(): string {
  const { LOCALAPPDATA, XDG_CACHE_HOME, ESPALIER_CACHE } = process.env;
  if (ESPALIER_CACHE) return ESPALIER_CACHE;
  if (process.platform === 'win32')
    return join(LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'espalier', 'Cache');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'espalier');
  return join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'espalier');
}

/** Entries asked about at once. */
const STATS_AT_ONCE = 64;

/**
 * Computes the name in the cache of a set of files decoded to a shape. It depends on the path, size and time
 * of change of every file, so a changed, added or missing file gives another name.
 */
export async function cacheKey(
  entries: readonly ImageEntry[],
  imageShape: readonly number[],
): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([VERSION, imageShape, entries.length]));
  for (let from = 0; from < entries.length; from += STATS_AT_ONCE) {
    const some = entries.slice(from, from + STATS_AT_ONCE);
    const lines = await Promise.all(some.map(({ path }) => identityOf(path)));
    hash.update(lines.join('\n')).update('\n');
  }
  return hash.digest('hex').slice(0, 40);
}

async function identityOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  return `${path}\0${found?.size ?? -1}\0${found?.mtimeMs ?? -1}`;
}

/** Reads the images that the cache holds under that key; null when there are none, or damaged ones. */
export async function readCache(folder: string, key: string, expected: number): Promise<CachedImages | null> {
  const file = await open(fileOf(folder, key), 'r').catch(() => null);
  if (file === null) return null;
  try {
    return await readEntry(file, expected);
  } catch {
    return null;
  } finally {
    await file.close();
  }
}

async function readEntry(file: FileHandle, expected: number): Promise<CachedImages | null> {
  const prefix = await readExactly(file, 0, PREFIX);
  if (!prefix.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const headerLength = prefix.readUInt32LE(MAGIC.length);
  const { size } = await file.stat();
  if (PREFIX + headerLength + expected > size) return null;
  const header = await readExactly(file, PREFIX, headerLength);
  const { skipped } = JSON.parse(header.toString('utf8')) as { skipped: readonly SkippedFile[] };
  const sound = await readExactly(file, PREFIX + headerLength, expected);
  const from = PREFIX + headerLength + expected;
  const images = await readExactly(file, from, size - from);
  const checksum = crc32(images, crc32(sound, crc32(header)));
  return checksum === prefix.readUInt32LE(MAGIC.length + 4) ? { images, sound, skipped } : null;
}

async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) throw new Error('cut short');
    done += bytesRead;
  }
  return buffer;
}

/** Keeps decoded images; a full or read-only disk only means that the next start is slow again. */
export async function writeCache(folder: string, key: string, content: CachedImages): Promise<void> {
  const header = Buffer.from(JSON.stringify({ skipped: content.skipped }));
  const prefix = Buffer.alloc(PREFIX);
  MAGIC.copy(prefix);
  prefix.writeUInt32LE(header.length, MAGIC.length);
  prefix.writeUInt32LE(crc32(content.images, crc32(content.sound, crc32(header))), MAGIC.length + 4);
  const parts = [prefix, header, content.sound, content.images];
  try {
    await makeFolder(folder);
    await writeWhole(fileOf(folder, key), parts, { shared: true, durable: false });
  } catch {
    // What is not kept is decoded again.
  }
}

function fileOf(folder: string, key: string): string {
  return join(folder, `images-${key}.cache`);
}
