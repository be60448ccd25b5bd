import * as fs from 'node:fs';
import { promisify } from 'node:util';
import type { BufferPool } from '@espalier/proto';
import { systemCode } from '@espalier/disk';
import { whenFree } from '@espalier/disk';

// By descriptor: a promised FileHandle for each of thousands of updates costs more than its reads and writes.
const open = promisify(fs.open);
const close = promisify(fs.close);
const fstat = promisify(fs.fstat);
const read = promisify(fs.read);
const write = promisify(fs.write);
const fdatasync = promisify(fs.fdatasync);
const unlink = promisify(fs.unlink);

/** Files that are open at the same time; the platform's threads work on fewer, and connections want descriptors too. */
const MOST_OPEN = 32;

let opened = 0;
const waiting: (() => void)[] = [];

/** Writes a file that is on the disk when it resolves; its name is when its folder is synced. */
export function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  return inTurn(() => writeFile(path, bytes));
}

/** A file's bytes. */
export function readWhole(path: string, pool?: BufferPool): Promise<Uint8Array> {
  return inTurn(() => readFile(path, pool));
}

/** Does the work once fewer than {@link MOST_OPEN} are at it, first come, first served. */
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (opened < MOST_OPEN) opened++;
  // Work that ends hands its place over.
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else opened--;
  }
}

async function writeFile(path: string, bytes: Uint8Array): Promise<void> {
  const file = await whenFree(() => open(path, 'w'));
  try {
    // A disk that is nearly full may take a part, and say so at the next attempt only.
    for (let at = 0; at < bytes.length;)
      at += (await write(file, bytes, at, bytes.length - at, at)).bytesWritten;
    await fdatasync(file);
  } finally {
    await close(file);
  }
}

async function readFile(path: string, pool?: BufferPool): Promise<Uint8Array> {
  const file = await whenFree(() => open(path, 'r'));
  try {
    const { size } = await fstat(file);
    const bytes = pool?.take(size) ?? new Uint8Array(size);
    let at = 0;
    while (at < size) {
      const { bytesRead } = await read(file, bytes, at, size - at, at);
      if (bytesRead === 0) return bytes.subarray(0, at);
      at += bytesRead;
    }
    return bytes;
  } finally {
    await close(file);
  }
}

/** Deletes a file; none is fine too. */
export async function unlinked(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
  });
}
