import { cpus } from 'node:os';
import { join } from 'node:path';
import { openModel } from '@espalier/client-node';
import type { ModelGraph } from '@espalier/core';
import { readText } from '@espalier/server';
import {
  CellsFile,
  groupResults,
  markdownTable,
  openThreadPool,
  parseGrid,
  runGrid,
  writeComparison,
  type Grid,
  type GridOutcome,
} from '@espalier/simulation';
import { cacheOf, type CacheFlag } from '../data/cache-flag.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { fleetProfile } from '../fleet-profile.js';
import { gridProgress } from '../grid-progress.js';
import { onInterrupt } from '../interrupt.js';
import { reportTemplate } from '../report-template.js';
import type { OutputFormat, Terminal } from '../terminal.js';
import { trainerOptions } from '../trainer-options.js';
import { version } from '../version.js';

/** Flags of `espalier compare`. */
export interface CompareFlags extends CacheFlag {
  readonly grid: string;
  readonly data?: string;
  readonly out: string;
  /** Finished cells; in the output folder unless told. */
  readonly cells?: string;
  readonly workers: number;
  /** Cells at a time; as many as workers unless told. */
  readonly parallel?: number;
  /** A preset's name, or a profile's file. */
  readonly devices?: string;
  readonly backend?: string;
  /** Runs nothing: writes tables and report from what is there. */
  readonly report?: boolean;
  readonly set: readonly string[];
  readonly format: OutputFormat;
}

/** Runs the missing cells of a grid and writes the comparison; gives the exit code. */
export async function compare(flags: CompareFlags, terminal: Terminal): Promise<ExitCode> {
  const text = await readText(flags.grid, 'the grid');
  const grid = parseGrid(text, flags.set);
  const file = await CellsFile.open(flags.cells ?? join(flags.out, 'results.jsonl'));
  const outcome = flags.report === true ? NOTHING_RUN : await runMissing(grid, file, flags, terminal);
  await writeComparison({
    folder: flags.out,
    keys: grid.cells,
    results: file.results,
    name: grid.form.name,
    command: commandOf(flags),
    grid: text,
    versions: [
      `espalier ${version}`,
      `Node ${process.versions.node}`,
      cpus()[0]?.model ?? 'unknown processor',
    ],
    template: await reportTemplate(),
  });
  show(grid, file, flags, terminal);
  for (const { cell, error } of outcome.failed) terminal.note(`failed: ${cell.name}: ${error.message}`);
  if (outcome.interrupted) return EXIT.interrupted;
  return outcome.failed.length > 0 ? EXIT.failed : EXIT.ok;
}

const NOTHING_RUN: GridOutcome = { failed: [], interrupted: false };

async function runMissing(
  grid: Grid,
  file: CellsFile,
  flags: CompareFlags,
  terminal: Terminal,
): Promise<GridOutcome> {
  const { workers, parallel = workers, data = null } = flags;
  const interruption = new AbortController();
  const release = onInterrupt(() => {
    interruption.abort();
  });
  const progress = gridProgress(terminal, grid.cells.length);
  const pool = await openThreadPool({ workers, ...(await trainerOf(grid, flags)) });
  try {
    return await runGrid({
      cells: grid.cells,
      file,
      pool,
      parallel,
      folder: data,
      cache: cacheOf(flags),
      profile: await fleetProfile(flags.devices),
      program: version,
      signal: interruption.signal,
      onEvent: progress.event,
    });
  } finally {
    release();
    progress.end();
    await pool.dispose();
  }
}

/** A trainer that has the ops of every network of the grid. */
async function trainerOf(
  { cells }: Grid,
  { backend }: CompareFlags,
): Promise<ReturnType<typeof trainerOptions>> {
  const models = new Map(cells.map(({ job }) => [JSON.stringify([job.model, job.imageShape]), job]));
  const nodes: ModelGraph['nodes'][number][] = [];
  for (const job of models.values()) {
    if ('name' in job.model) nodes.push(...(await openModel(job, 2)).graph.nodes);
  }
  return trainerOptions(backend, { nodes });
}

function commandOf({ grid, data, out, cells, devices, set }: CompareFlags): string {
  return [
    'espalier compare',
    `--grid ${grid}`,
    ...(data === undefined ? [] : ['--data <folder>']),
    `--out ${out}`,
    ...(cells === undefined ? [] : [`--cells ${cells}`]),
    ...(devices === undefined ? [] : [`--devices ${devices}`]),
    ...set.map((each) => `--set ${each}`),
  ].join(' ');
}

function show(
  { cells }: Grid,
  { results }: CellsFile,
  { out, format }: CompareFlags,
  terminal: Terminal,
): void {
  const groups = groupResults(results, cells);
  if (format === 'json') {
    const shown = groups.flatMap((group) => group.results);
    terminal.out(JSON.stringify({ cells: cells.length, done: shown.length, folder: out, results: shown }));
    return;
  }
  terminal.out(markdownTable(groups).trimEnd());
  terminal.out(`comparison: ${out}`);
}
