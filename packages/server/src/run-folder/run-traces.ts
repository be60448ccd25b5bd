import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { checkpointRound, RUN_FILES } from './run-folder.js';
import { systemCode, storageError } from '@espalier/disk';

/** Traces that only a run that has begun leaves in its folder, outside its state. */
export interface RunTraces {
  /** Files and folders, by their names in the run folder. */
  readonly names: readonly string[];
  /** The last round, from 0, that a checkpoint or a line of metrics speaks of; -1 for none. */
  readonly round: number;
}

/** Looks for them. @throws EspalierError `storage` for what is there and cannot be read. */
export async function runTraces(path: string): Promise<RunTraces> {
  const names: string[] = [];
  const { metrics, summary, log, clients, checkpoints, model } = RUN_FILES;
  for (const file of [metrics, summary, log, clients, model])
    if (await holdsBytes(join(path, file))) names.push(file);
  const checkpointed = await listed(join(path, checkpoints));
  if (checkpointed.length > 0) names.push(checkpoints);
  const rounds = [...checkpointed.map(checkpointRound), await lastRoundOf(join(path, metrics))];
  return { names, round: Math.max(-1, ...rounds.filter((round) => Number.isFinite(round))) };
}

async function holdsBytes(path: string): Promise<boolean> {
  return ((await ifThere(path, stat(path)))?.size ?? 0) > 0;
}

async function listed(path: string): Promise<readonly string[]> {
  return (await ifThere(path, readdir(path))) ?? [];
}

/** Lines are appended without waiting for the disk: one that is cut short, or damaged, says nothing. */
async function lastRoundOf(path: string): Promise<number> {
  const text = (await ifThere(path, readFile(path, 'utf8'))) ?? '';
  return Math.max(-1, ...text.split('\n').map(roundOf));
}

function roundOf(line: string): number {
  try {
    const { round } = JSON.parse(line) as { readonly round?: unknown };
    return typeof round === 'number' ? round : -1;
  } catch {
    return -1;
  }
}

/** Null for what is not there. */
async function ifThere<T>(path: string, reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw storageError('read', path, error);
  }
}
