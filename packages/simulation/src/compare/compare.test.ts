import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { REPORT_SLOT, type ReportDocument } from '@espalier/core/report';
import type { TrainerPool } from '../pool/trainer-pool.js';
import { localPool, TINY_GRID } from '../testing/tiny.js';
import type { CellResult } from './cell-result.js';
import { CellsFile } from './cells-file.js';
import { secondsLeft } from './estimate.js';
import { cellId, parseGrid } from './grid.js';
import { runGrid, type GridEvent, type GridOutcome } from './run-grid.js';
import { groupResults, spreadOf } from './statistics.js';
import { markdownTable, resultsCsv } from './table.js';
import { writeComparison } from './write-comparison.js';

let pool: TrainerPool;
let root: string;
let folder: string;
beforeAll(async () => {
  pool = await localPool(2);
  root = await mkdtemp(join(tmpdir(), 'espalier-compare-'));
});
afterAll(async () => {
  await pool.dispose();
  await rm(root, { recursive: true, force: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'grid-'));
});

const { cells } = parseGrid(TINY_GRID);

async function run(
  file: CellsFile,
  { stopAfter = Infinity, events = [] as GridEvent[] } = {},
): Promise<GridOutcome> {
  const controller = new AbortController();
  return runGrid({
    cells,
    file,
    pool,
    parallel: 2,
    folder: null,
    cache: null,
    profile: null,
    program: 'test',
    signal: controller.signal,
    onEvent: (event) => {
      events.push(event);
      if (event.kind === 'finished' && event.done >= stopAfter) controller.abort();
    },
  });
}

const open = (): Promise<CellsFile> => CellsFile.open(join(folder, 'results.jsonl'));

/** Returns the part of results that does not depend on the machine. */
function figures(results: readonly CellResult[]): unknown {
  return [...results]
    .map((result) => ({ ...result, seconds: null, curve: { ...result.curve, seconds: null } }))
    .sort((a, b) => cellId(a).localeCompare(cellId(b)));
}

describe('running a grid', () => {
  let whole: readonly CellResult[];
  beforeAll(async () => {
    const file = await CellsFile.open(join(root, 'whole.jsonl'));
    expect(await run(file)).toEqual({ failed: [], interrupted: false });
    whole = file.results;
  });

  it('keeps a line for every cell, with its curve, costs and partition', async () => {
    const again = await CellsFile.open(join(root, 'whole.jsonl'));
    expect(again.results).toEqual(whole);
    expect(whole).toHaveLength(cells.length);
    for (const { curve, analytic, samples, accuracy } of whole) {
      expect(curve?.accuracy).toHaveLength(5);
      expect(curve?.accuracy.at(-1)).toBe(accuracy.final);
      expect(analytic?.bytes).toBeGreaterThan(0);
      expect(samples?.flat().reduce((sum, count) => sum + count)).toBe(54);
    }
  });

  it('agrees with the cost model where nothing but the stem differs: dense training', () => {
    const dense = whole.find(({ name }) => name === 'dense');
    const forward = dense!.forwardMacs;
    // Five rounds of 54 samples; the stem needs no gradient of its input.
    const stem = 8 * 8 * 3 * 3 * 3 * 4;
    expect(dense!.analytic!.macs).toBe(5 * 54 * 3 * forward);
    // Every round's model is measured once, by a forward pass.
    expect(dense!.macs).toBe(5 * 54 * (3 * forward - stem + forward));
  });

  it('interrupted and gone on with gives the same results as in one go', async () => {
    expect((await run(await open(), { stopAfter: 2 })).interrupted).toBe(true);
    const kept = (await open()).results.length;
    expect(kept).toBeGreaterThanOrEqual(2);
    expect(kept).toBeLessThan(cells.length);
    // As a kill in the middle of a write leaves it.
    await appendFile(join(folder, 'results.jsonl'), '{"format":2,"name":"fedt');

    const events: GridEvent[] = [];
    const file = await open();
    await run(file, { events });

    expect(events.filter(({ kind }) => kind === 'begun')).toHaveLength(cells.length - kept);
    expect(figures(file.results)).toEqual(figures(whole));
    expect(figures((await open()).results)).toEqual(figures(whole));
  });

  it('runs nothing that is done, and reads lines of the first layout', async () => {
    const {
      name,
      density,
      seed,
      accuracy,
      maskable,
      up,
      down,
      macs,
      forwardMacs,
      peakBytes,
      seconds,
      chosen,
    } = whole[0]!;
    const old = {
      name,
      density,
      seed,
      accuracy,
      maskable,
      up,
      down,
      macs,
      forwardMacs,
      peakBytes,
      seconds,
      chosen,
    };
    await writeFile(join(folder, 'results.jsonl'), `${JSON.stringify(old)}\n`);
    const events: GridEvent[] = [];
    await run(await open(), { events });
    expect(events.filter(({ kind }) => kind === 'begun')).toHaveLength(cells.length - 1);
  });

  it.each([
    ['{"format":3}', 'has layout 3, this program reads 1 and 2'],
    ['{"format":2,"name":"x"}', 'is no result of a cell'],
    ['nonsense', 'is no JSON'],
  ])('refuses the line %p with its code', async (line, why) => {
    await writeFile(join(folder, 'results.jsonl'), `${line}\n`);
    await expect(open()).rejects.toThrow(why);
    await expect(open()).rejects.toMatchObject({ code: 'invalid_data' });
  });

  it('refuses results of another grid', async () => {
    await writeFile(join(folder, 'results.jsonl'), `${JSON.stringify({ ...whole[0], cell: 'other' })}\n`);
    await expect(run(await open())).rejects.toThrow('holds a result of another run');
  });

  it('says when the disk takes nothing', async () => {
    await writeFile(join(folder, 'file'), '');
    const file = await CellsFile.open(join(folder, 'results.jsonl'));
    await expect(CellsFile.open(join(folder, 'file', 'results.jsonl'))).rejects.toMatchObject({
      code: 'storage',
    });
    await rm(folder, { recursive: true });
    await writeFile(folder, '');
    await expect(run(file)).rejects.toMatchObject({ code: 'storage' });
  });

  it('names partitions that cannot be had before anything runs', async () => {
    const events: GridEvent[] = [];
    const impossible = parseGrid(TINY_GRID.replace('samplesPerClass: 20', 'samplesPerClass: 7')).cells.map(
      (cell) => ({
        ...cell,
        job: { ...cell.job, partition: { kind: 'shards' as const, classesPerClient: 1, minSamples: 1000 } },
      }),
    );
    const options = { parallel: 1, folder: null, cache: null, profile: null, program: 'test', pool };
    const outcome = runGrid({
      ...options,
      cells: impossible,
      file: await open(),
      signal: new AbortController().signal,
      onEvent: (event) => events.push(event),
    });
    await expect(outcome).rejects.toThrow(
      /6 cells of the grid cannot be run:\n {2}fedtiny, density 0.2, seed 1/,
    );
    expect(events).toEqual([]);
  });

  it('writes table, CSV, plots and a report that names its command', async () => {
    const template = `<html>${REPORT_SLOT}</html>`;
    const common = {
      folder,
      keys: cells,
      results: whole,
      name: 'tiny',
      command: 'espalier compare',
      grid: TINY_GRID,
    };
    await writeComparison({ ...common, versions: ['espalier test'], template });

    const table = await readFile(join(folder, 'table.md'), 'utf8');
    expect(table.split('\n\n')[0]!.split('\n')).toHaveLength(2 + 3);
    expect(table).toContain('At equal density.');
    expect(table).toContain('At equal operations');
    expect(table).toContain('| fedtiny | 0.2 | 2 |');
    expect((await readFile(join(folder, 'results.csv'), 'utf8')).trim().split('\r\n')).toHaveLength(
      1 + cells.length,
    );
    const plots = await readdir(join(folder, 'plots'));
    expect(plots.sort()).toEqual([
      'accuracy-bytes.svg',
      'accuracy-density.svg',
      'accuracy-forward-macs.svg',
      'accuracy-macs.svg',
      'layers-0.2.svg',
      'partition-seed-1.svg',
      'rounds-0.2.svg',
      'rounds-1.svg',
    ]);
    for (const plot of plots)
      expect(await readFile(join(folder, 'plots', plot), 'utf8')).toMatch(/^<svg .*<\/svg>$/s);
    const page = await readFile(join(folder, 'report.html'), 'utf8');
    const document = JSON.parse(/application\/json">(.*)<\/script>/s.exec(page)![1]!) as ReportDocument;
    expect(document.sections.map(({ heading }) => heading)).toEqual([
      'Results',
      'What wins',
      'Over rounds',
      'Density per layer',
      'Measured and analytic costs',
      'The methods',
      'The data',
      'How it was made',
    ]);
    expect(document.lead).toContain('6 of 6 runs');
  });
});

describe('figures', () => {
  it('have the mean and sample deviation of their seeds', () => {
    expect(spreadOf([1, 2, 3, null])).toEqual({ mean: 2, deviation: 1, count: 3 });
    expect(spreadOf([4])).toEqual({ mean: 4, deviation: 0, count: 1 });
    expect(spreadOf([null])).toBeNull();
  });

  it('are written with their spread, and as CSV with quotes where needed', () => {
    const result = (seed: number, final: number): CellResult => ({
      format: 2,
      name: 'a, "b"',
      density: 0.1,
      seed,
      partition: null,
      cell: null,
      program: null,
      accuracy: { final, best: final },
      maskable: 0.1,
      all: null,
      up: 2e6,
      down: 1e6,
      macs: 3e12,
      forwardMacs: 4e6,
      peakBytes: 5e6,
      seconds: 10,
      virtualSeconds: null,
      chosen: null,
      modelHash: null,
      analytic: null,
      perLayer: null,
      samples: null,
      curve: null,
    });
    const results = [result(1, 0.5), result(2, 0.6)];
    const groups = groupResults(results, results);

    expect(markdownTable(groups).split('\n')[2]).toBe(
      '| a, "b" | 0.1 | 2 | 55.0 ± 7.1 | 55.0 ± 7.1 | 2.0 | 1.0 | 4.00 | 3.00 | 5.0 | 10 |',
    );
    expect(resultsCsv(results).split('\r\n')[1]).toBe(
      '"a, ""b""",0.1,,1,0.5,0.5,0.1,,2000000,1000000,3000000000000,4000000,,,,5000000,,10,,',
    );
    expect(secondsLeft(results, [], 1)).toBeNull();
    expect(secondsLeft([...results, { ...results[0]!, density: 0.2 }], results, 2)).toBe(15);
  });
});
