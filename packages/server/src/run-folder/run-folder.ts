import { appendFile, mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Job } from '@espalier/core';
import type { RunStore } from '../coordinator/record/run-store.js';
import { jobToYaml } from '../job/index.js';
import { writeWhole } from '@espalier/disk';
import { storageError, systemCode } from '@espalier/disk';
import { makeFolder, whenFree } from '@espalier/disk';

/** Paths of a run's files in its folder. */
export const RUN_FILES = {
  job: 'job.yaml',
  metrics: 'metrics.jsonl',
  summary: 'summary.json',
  model: join('model', 'model.espalier'),
  checkpoints: 'checkpoints',
  log: 'coordinator.log',
  clients: 'clients.json',
  report: 'report.html',
  state: 'state',
} as const;

/** Checkpoints kept: the newest, and one before it in case the newest is being read. */
const KEPT_CHECKPOINTS = 2;

/** A run's folder while the run writes it. */
export interface RunFolder extends RunStore {
  /** Absolute. */
  readonly path: string;
}

/**
 * Makes `<parent>/<name>-<method>[-<n>]` with the resolved job in it; an existing folder is never written into.
 * @throws EspalierError `storage`.
 */
export async function createRunFolder(parent: string, job: Job): Promise<RunFolder> {
  const path = await freshFolder(resolve(parent), `${job.name}-${job.method}`);
  await writeWhole(join(path, RUN_FILES.job), jobToYaml(job));
  return runFolder(path);
}

/** Goes on in the folder of a run that was begun there. */
export function openRunFolder(path: string): RunFolder {
  return runFolder(resolve(path));
}

function runFolder(path: string): RunFolder {
  return {
    path,
    checkpoint: (round, bundle) => writeCheckpoint(join(path, RUN_FILES.checkpoints), round, bundle),
    metrics: (line) => appendLine(join(path, RUN_FILES.metrics), JSON.stringify(line)),
    restoreMetrics: (lines) =>
      writeWhole(join(path, RUN_FILES.metrics), lines.map((line) => `${JSON.stringify(line)}\n`).join('')),
    finish: async (summary, bundle) => {
      await makeFolder(join(path, 'model'));
      await writeWhole(join(path, RUN_FILES.model), bundle);
      await writeWhole(join(path, RUN_FILES.summary), `${JSON.stringify(summary, null, 2)}\n`);
    },
  };
}

async function freshFolder(parent: string, name: string): Promise<string> {
  await makeFolder(parent);
  for (let n = 1; ; n++) {
    const path = join(parent, n === 1 ? name : `${name}-${n}`);
    try {
      await mkdir(path);
      return path;
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw storageError('write', path, error);
    }
  }
}

async function appendLine(path: string, line: string): Promise<void> {
  try {
    await whenFree(() => appendFile(path, `${line}\n`));
  } catch (error) {
    throw storageError('write', path, error);
  }
}

async function writeCheckpoint(folder: string, round: number, bundle: Uint8Array): Promise<void> {
  await makeFolder(folder);
  await writeWhole(join(folder, checkpointName(round)), bundle);
  try {
    const names = (await whenFree(() => readdir(folder))).filter((name) => name.endsWith('.espalier')).sort();
    for (const name of names.slice(0, -KEPT_CHECKPOINTS)) await rm(join(folder, name), { force: true });
  } catch (error) {
    throw storageError('write', folder, error);
  }
}

/** The round of a checkpoint, from its name; NaN for another file. */
export function checkpointRound(name: string): number {
  return Number(/^round-(\d+)\.espalier$/.exec(name)?.[1]);
}

function checkpointName(round: number): string {
  return `round-${String(round).padStart(5, '0')}.espalier`;
}
