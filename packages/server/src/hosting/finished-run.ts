import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError } from '@espalier/core';
import type { ReportRun, RoundMetrics, WatchedClient, WatchedEvent } from '@espalier/core/report';
import { decodeBundle } from '@espalier/proto';
import { watchedJob } from '../coordinator/index.js';
import { parseJob } from '../job/index.js';
import { readRunFolder, RUN_FILES, type RunContents } from '../run-folder/index.js';

/** Log lines shown; the file has them all. */
const SHOWN_EVENTS = 500;

/** A run out of its folder. */
export interface FinishedRun {
  readonly run: ReportRun;
  readonly bundle: Uint8Array;
}

/**
 * Reads a run folder as the dashboard shows it; of a run that has not ended, as far as it came.
 * @param control run folder of the dense control, or null
 * @throws EspalierError `invalid_data` when it is no run folder, or has no model yet; `storage`.
 */
export async function finishedRun(folder: string, control: string | null): Promise<FinishedRun> {
  const contents = await readRunFolder(folder);
  const bundle = contents.bundle ?? (await newestCheckpoint(folder));
  if (bundle === null) {
    throw new EspalierError('invalid_data', `${folder} has no model yet: wait for its first round to close`, {
      path: folder,
    });
  }
  return { run: await readRun(folder, { ...contents, bundle }, control), bundle };
}

async function readRun(
  folder: string,
  { jobYaml, metrics, summary, bundle }: RunContents & { readonly bundle: Uint8Array },
  control: string | null,
): Promise<ReportRun> {
  const { graph, classes } = decodeBundle(bundle);
  const last = metrics.at(-1);
  return {
    kind: 'run',
    job: watchedJob(parseJob(jobYaml), graph, classes),
    phase: summary ? 'finished' : 'train',
    round: summary?.rounds ?? (last ? last.round + 1 : 0),
    paused: false,
    prepared: true,
    seconds: summary?.seconds ?? metrics.reduce((sum, { seconds }) => sum + seconds, 0),
    metrics,
    control: control === null ? null : await controlMetrics(control),
    selection: summary?.selection ?? null,
    summary,
    bytes: summary?.bytes ?? totalOf(metrics),
    clients: await readClients(folder),
    events: await readEvents(folder),
  };
}

/** The rounds of a dense control, to be drawn beside a run. @throws EspalierError `invalid_data` for a folder that is none. */
export async function controlMetrics(folder: string): Promise<readonly RoundMetrics[]> {
  return (await readRunFolder(folder)).metrics;
}

function totalOf(metrics: readonly RoundMetrics[]): ReportRun['bytes'] {
  return metrics.reduce(({ up, down }, { bytes }) => ({ up: up + bytes.up, down: down + bytes.down }), {
    up: 0,
    down: 0,
  });
}

async function newestCheckpoint(folder: string): Promise<Uint8Array | null> {
  const path = join(folder, RUN_FILES.checkpoints);
  const names = await readdir(path).catch(() => []);
  const newest = names
    .filter((name) => name.endsWith('.espalier'))
    .sort()
    .at(-1);
  return newest === undefined ? null : new Uint8Array(await readFile(join(path, newest)));
}

/** Runs of before there was such a list, and those that were cut short, have none. */
async function readClients(folder: string): Promise<readonly WatchedClient[]> {
  const text = await readFile(join(folder, RUN_FILES.clients), 'utf8').catch(() => '[]');
  return JSON.parse(text) as readonly WatchedClient[];
}

async function readEvents(folder: string): Promise<readonly WatchedEvent[]> {
  const text = await readFile(join(folder, RUN_FILES.log), 'utf8').catch(() => '');
  return text.split('\n').flatMap(eventOf).slice(-SHOWN_EVENTS);
}

/** The log library's numbers for levels. */
const LEVELS: Readonly<Record<number, WatchedEvent['level']>> = { 30: 'info', 40: 'warn', 50: 'error' };

/** A line of the log; one that was cut short is left out. */
function eventOf(line: string): readonly WatchedEvent[] {
  try {
    const { time, level, msg } = JSON.parse(line) as { time: number; level: number; msg: string };
    return [{ time, level: LEVELS[level] ?? 'info', message: msg }];
  } catch {
    return [];
  }
}
