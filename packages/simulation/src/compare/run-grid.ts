import {
  divideFleet,
  fleetImagesKey,
  openFleetImages,
  openModel,
  type FleetImages,
} from '@espalier/client-node';
import { toEspalierError, type EspalierError } from '@espalier/core';
import { noStore, type RoundMetrics, type RunReport } from '@espalier/server/coordinator';
import { drawDevices, type FleetProfile } from '../devices/fleet-profile.js';
import type { TrainerPool } from '../pool/trainer-pool.js';
import { simulate } from '../simulate.js';
import { cellResult, type CellResult } from './cell-result.js';
import type { CellsFile } from './cells-file.js';
import { secondsLeft } from './estimate.js';
import { impossible, type Cell, type CellProblem } from './grid.js';

/** Event of a running grid. */
export type GridEvent =
  | { readonly kind: 'begun'; readonly cell: Cell }
  | { readonly kind: 'report'; readonly cell: Cell; readonly report: RunReport }
  | {
      readonly kind: 'finished';
      readonly cell: Cell;
      readonly result: CellResult;
      readonly done: number;
      readonly of: number;
      /** Null before it can be told. */
      readonly secondsLeft: number | null;
    }
  | { readonly kind: 'failed'; readonly cell: Cell; readonly error: EspalierError };

/** Settings of a grid's run. */
export interface GridOptions {
  readonly cells: readonly Cell[];
  readonly file: CellsFile;
  readonly pool: TrainerPool;
  /** Cells at a time. With as many as threads, none waits for the slowest client of another's round. */
  readonly parallel: number;
  readonly folder: string | null;
  readonly cache: string | null;
  /** The fleet's devices; null for devices that take no time. */
  readonly profile: FleetProfile | null;
  /** The program's version, kept with every result. */
  readonly program: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: GridEvent) => void;
}

/** Outcome of a grid. */
export interface GridOutcome {
  readonly failed: readonly { readonly cell: Cell; readonly error: EspalierError }[];
  /** True when the signal came before everything was done. */
  readonly interrupted: boolean;
}

/**
 * Runs the cells that have no result yet; each is kept as soon as it has finished. A cell that fails does not end the
 * others; it is run again next time. A disk that takes nothing more ends all of them.
 * @throws EspalierError `invalid_job` naming every cell whose partition or network cannot be had, before anything runs;
 *   `invalid_data`, `storage`.
 */
export async function runGrid(options: GridOptions): Promise<GridOutcome> {
  const { cells, file, parallel, signal } = options;
  const missing = cells.filter((cell) => file.resultOf(cell) === null);
  const images = new ImageShelf(options.folder, options.cache);
  await checkCells(missing, images, signal);
  const failed: { readonly cell: Cell; readonly error: EspalierError }[] = [];
  const queue = [...missing];
  const disk = new AbortController();
  const until = AbortSignal.any([signal, disk.signal]);
  const work = async (): Promise<void> => {
    for (let cell = queue.shift(); cell && !until.aborted; cell = queue.shift()) {
      const error = await runCell(cell, { ...options, signal: until }, images);
      if (error?.code === 'storage') disk.abort(error);
      else if (error) failed.push({ cell, error });
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, queue.length) }, work));
  if (disk.signal.aborted) throw toEspalierError(disk.signal.reason);
  return { failed, interrupted: signal.aborted };
}

async function runCell(cell: Cell, options: GridOptions, images: ImageShelf): Promise<EspalierError | null> {
  const { pool, folder, profile, signal, file, program, onEvent } = options;
  const lines: RoundMetrics[] = [];
  onEvent({ kind: 'begun', cell });
  try {
    const run = await simulate({
      job: cell.job,
      pool,
      folder,
      images: await images.of(cell),
      devices: profile && drawDevices(profile, cell.job.numClients, cell.job.seed),
      store: { ...noStore, metrics: (line) => Promise.resolve(void lines.push(line)) },
      onReport: (report) => {
        onEvent({ kind: 'report', cell, report });
      },
      signal,
    });
    if (run.summary.stopped) return null;
    const result = cellResult(cell, run, { lines, program });
    await file.append(result);
    onEvent({ kind: 'finished', cell, result, ...standing(options) });
    return null;
  } catch (thrown) {
    const error = toEspalierError(thrown);
    if (signal.aborted && error.code === 'stopped') return null;
    onEvent({ kind: 'failed', cell, error });
    return error;
  }
}

function standing({ cells, file, parallel }: GridOptions): {
  readonly done: number;
  readonly of: number;
  readonly secondsLeft: number | null;
} {
  const missing = cells.filter((cell) => file.resultOf(cell) === null);
  return {
    done: cells.length - missing.length,
    of: cells.length,
    secondsLeft: secondsLeft(missing, file.results, parallel),
  };
}

/** Divides every split and opens every network that is needed, once, without training anything. */
async function checkCells(cells: readonly Cell[], images: ImageShelf, signal: AbortSignal): Promise<void> {
  const known = new Map<string, string | null>();
  const once = async (key: unknown, look: () => Promise<unknown>): Promise<string | null> => {
    const text = JSON.stringify(key);
    if (!known.has(text)) known.set(text, await problemOf(look));
    return known.get(text) ?? null;
  };
  const problems: CellProblem[] = [];
  for (const cell of cells) {
    if (signal.aborted) return;
    const { data, imageShape, seed, partition, numClients, pretrain, model, method, targetDensity } =
      cell.job;
    const decoded = await images.of(cell);
    const split = [data, imageShape, seed, partition, numClients, pretrain.samplesPerClass];
    const network = [model, imageShape, method, targetDensity];
    const reason =
      (await once(split, () => divideFleet(decoded, cell.job))) ??
      (await once(network, () => openModel(cell.job, decoded.source.classes.length)));
    if (reason !== null) problems.push({ cell, reason });
  }
  if (problems.length > 0) throw impossible(problems);
}

async function problemOf(look: () => Promise<unknown>): Promise<string | null> {
  try {
    await look();
    return null;
  } catch (error) {
    return toEspalierError(error).rawMessage;
  }
}

/** Decoded images, of the last few data sets that were asked for. */
class ImageShelf {
  readonly #folder: string | null;
  readonly #cache: string | null;
  readonly #shelf = new Map<string, Promise<FleetImages>>();

  constructor(folder: string | null, cache: string | null) {
    this.#folder = folder;
    this.#cache = cache;
  }

  of({ job }: Cell): Promise<FleetImages> {
    const key = fleetImagesKey(job);
    const known = this.#shelf.get(key);
    const images = known ?? openFleetImages(job, this.#folder, { cache: this.#cache });
    this.#shelf.delete(key);
    this.#shelf.set(key, images);
    const [oldest] = this.#shelf.keys();
    if (this.#shelf.size > KEPT_SETS && oldest !== undefined) this.#shelf.delete(oldest);
    return images;
  }
}

/** Decoded data sets kept in memory; most cells that run side by side share one. */
const KEPT_SETS = 4;
