import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { RandomStream } from '@espalier/core';
import { RUN_FILES, STATE_FILES } from '@espalier/server';

const { state } = RUN_FILES;

/** Parts of a run folder, with their paths. */
export const PARTS = {
  database: join(state, STATE_FILES.database),
  log: join(state, `${STATE_FILES.database}-wal`),
  blobs: join(state, STATE_FILES.blobs),
  checkpoints: RUN_FILES.checkpoints,
  metrics: RUN_FILES.metrics,
  job: RUN_FILES.job,
} as const;

/** A part of a run folder. */
export type Part = keyof typeof PARTS;

/** Kinds of damage that a part can suffer. */
export const DAMAGES = ['lost', 'emptied', 'halved', 'flipped'] as const;

/** One thing that happened to a part. */
export interface Damage {
  readonly part: Part;
  readonly how: (typeof DAMAGES)[number];
}

/** Every part. */
export const ALL_PARTS = Object.keys(PARTS) as Part[];

/** Every set of parts lost, the empty one first. */
export function lostSubsets(): Damage[][] {
  return Array.from({ length: 2 ** ALL_PARTS.length }, (_, bits) =>
    ALL_PARTS.filter((_part, at) => (bits >> at) & 1).map((part) => ({ part, how: 'lost' })),
  );
}

/** Every single damage that leaves a file, then every two of different parts. */
export function singleAndPaired(): Damage[][] {
  const singles = ALL_PARTS.flatMap((part) => DAMAGES.slice(1).map((how): Damage => ({ part, how })));
  const pairs = singles.flatMap((one, at) =>
    singles.slice(at + 1).flatMap((other) => (other.part === one.part ? [] : [[one, other]])),
  );
  return [...singles.map((one) => [one]), ...pairs];
}

/** A copy of the folder with that damage; the stream decides which of several files, and which bit. */
export function damagedCopy(
  image: string,
  { damages, into, stream }: { damages: readonly Damage[]; into: string; stream: RandomStream },
): void {
  cpSync(image, into, { recursive: true });
  for (const { part, how } of damages) strike(join(into, PARTS[part]), how, stream);
}

/** The damages as a person reads them. */
export function sentence(damages: readonly Damage[]): string {
  return damages.length === 0 ? 'nothing' : damages.map(({ part, how }) => `${part} ${how}`).join(', ');
}

/** Digest of every name and byte below a folder. */
export function folderHash(path: string): string {
  const hash = createHash('sha256');
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();
  for (const name of names) {
    hash.update(`${name}\n`);
    if (statSync(join(path, name)).isFile()) hash.update(readFileSync(join(path, name)));
  }
  return hash.digest('hex');
}

function strike(path: string, how: Damage['how'], stream: RandomStream): void {
  if (how === 'lost') {
    rmSync(path, { recursive: true, force: true });
    return;
  }
  const file = statSync(path).isDirectory() ? someFile(path, stream) : path;
  const { size } = statSync(file);
  if (how === 'flipped') flip(file, stream.below(size * 8));
  else truncateSync(file, how === 'halved' ? size >> 1 : 0);
}

function someFile(folder: string, stream: RandomStream): string {
  const names = readdirSync(folder).sort();
  return join(folder, names[stream.below(names.length)] ?? '');
}

function flip(file: string, bit: number): void {
  const bytes = readFileSync(file);
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  writeFileSync(file, bytes);
}

/** True for a folder in which everything that may be lost is there, so that every damage means something. */
export function isWhole(folder: string): boolean {
  return ALL_PARTS.every((part) => {
    const path = join(folder, PARTS[part]);
    if (!existsSync(path)) return false;
    return statSync(path).isDirectory() ? readdirSync(path).length > 0 : statSync(path).size > 0;
  });
}
