import { join } from 'node:path';
import { methodNamed } from '@espalier/core/methods';
import { reportPage } from '@espalier/core/report';
import type { CellResult } from './cell-result.js';
import type { Cell } from './grid.js';
import { comparisonDocument, findingBlocks, type Provenance } from './report/document.js';
import type { JobOf } from './report/effects.js';
import { allPlots, comparisonPlots } from './report/plots.js';
import { plotSvg } from './report/svg.js';
import { cellEvents } from './cell-events.js';
import { eventFile } from '../tensorboard/event-file.js';
import { groupResults, type ResultGroup } from './statistics.js';
import { markdownOf, markdownTable, resultsCsv } from './table.js';
import { makeFolder, writeWhole } from '@espalier/disk';

/** Contents of a comparison's files. */
export interface ComparisonFiles extends Omit<Provenance, 'cells' | 'done' | 'methods' | 'jobOf'> {
  readonly folder: string;
  /** Cells of the grid; results of other cells are left out. */
  readonly keys: readonly Pick<Cell, 'name' | 'density' | 'seed' | 'partition' | 'job'>[];
  readonly results: readonly CellResult[];
  /** client-web's `report.html`; null writes the report's data alone, as `report.json`. */
  readonly template: string | null;
}

/**
 * Writes `table.md`, `results.csv`, `plots/*.svg`, `tensorboard/` and `report.html` anew from the results there are.
 * @throws EspalierError `storage`.
 */
export async function writeComparison(files: ComparisonFiles): Promise<void> {
  const { folder, keys, results, template } = files;
  const groups = groupResults(results, keys);
  const shown = groups.flatMap((group) => group.results);
  const plots = comparisonPlots(groups);
  const methods = new Map(keys.map(({ name, job }) => [name, methodNamed(job.method)]));
  const standing = { cells: keys.length, done: shown.length };
  const jobOf: JobOf = ({ name, density, partition }) =>
    keys.find((key) => key.name === name && key.density === density && key.partition === partition)?.job;
  const document = comparisonDocument(groups, plots, { ...files, ...standing, methods, jobOf });
  await makeFolder(join(folder, 'plots'));
  await write(join(folder, 'table.md'), tables(groups, jobOf));
  await write(join(folder, 'results.csv'), resultsCsv(shown));
  for (const plot of allPlots(plots)) await write(join(folder, 'plots', `${plot.file}.svg`), plotSvg(plot));
  await writeEvents(join(folder, 'tensorboard'), shown);
  if (template === null) await write(join(folder, 'report.json'), JSON.stringify(document));
  else await write(join(folder, 'report.html'), reportPage(template, document));
}

/** All of it can be written again from the results, so that no file waits for the disk. */
function write(path: string, content: Uint8Array | string): Promise<void> {
  return writeWhole(path, content, { durable: false });
}

/** The comparison's table, and those that say what wins. */
function tables(groups: readonly ResultGroup[], jobOf: JobOf): string {
  const findings = findingBlocks(groups, jobOf).filter((block) => block.kind === 'table');
  return [markdownTable(groups), ...findings.map(markdownOf)].join('\n');
}

/** A folder per cell, which TensorBoard shows as a run. */
async function writeEvents(folder: string, results: readonly CellResult[]): Promise<void> {
  for (const result of results) {
    const events = cellEvents(result);
    if (events.length === 0) continue;
    const { name, density, seed, partition } = result;
    const run = [name, density, partition, `seed ${seed}`].filter((part) => part !== null).join(' ');
    const own = join(folder, run.replace(/[^A-Za-z0-9.]+/g, '-'));
    await makeFolder(own);
    await write(join(own, 'events.out.tfevents.0.espalier'), eventFile(events));
  }
}
