import { createHash } from 'node:crypto';
import { EspalierError, toEspalierError, type Job } from '@espalier/core';
import { formError, parseJob, rawJob, readForm, type Problem } from '@espalier/server';
import { stringify } from 'yaml';
import { gridSchema, type GridForm } from './grid-schema.js';
import { groupBy } from './group-by.js';

/** Name of a grid file in messages, and the code of its errors. */
const GRID = { what: 'grid', code: 'invalid_job' } as const;

/** Properties that identify a cell within its grid. */
export interface CellKey {
  /** The method's name in the grid. */
  readonly name: string;
  readonly density: number;
  readonly seed: number;
  /** The partition's name; null where the grid has none. */
  readonly partition: string | null;
}

/** One run of a grid. */
export interface Cell extends CellKey {
  readonly job: Job;
  /**
   * SHA-256 of what the grid and the method's defaults say about this run, in hex: a result of another run is told by
   * it, and one from before a default was changed.
   */
  readonly hash: string;
}

/** A grid and all its runs, every one of which can be begun. */
export interface Grid {
  readonly form: GridForm;
  /** Seed by seed, so that after a while every method has been run once. */
  readonly cells: readonly Cell[];
}

/** A cell's key as text, unique within a grid. */
export function cellId({ name, density, seed, partition }: CellKey): string {
  return JSON.stringify([name, density, seed, partition]);
}

/** A cell as people call it. */
export function cellLabel({ name, density, seed, partition }: CellKey): string {
  return `${name}, density ${density}, ${partition === null ? '' : `${partition}, `}seed ${seed}`;
}

/**
 * The grid that a YAML text means.
 * @param overrides `key=value` laid over the job of every cell
 * @throws EspalierError `invalid_job` listing every problem, and by name every cell that cannot be run.
 */
export function parseGrid(yamlText: string, overrides: readonly string[] = []): Grid {
  const form = parseForm(yamlText, overrides);
  const problems: CellProblem[] = [];
  const cells: Cell[] = [];
  for (const key of cellKeys(form)) {
    try {
      cells.push(cellOf(form, key, overrides));
    } catch (error) {
      problems.push({ cell: key, reason: toEspalierError(error).rawMessage });
    }
  }
  if (problems.length > 0) throw impossible(problems);
  return { form, cells };
}

/** Why a cell cannot be run. */
export interface CellProblem {
  readonly cell: CellKey;
  readonly reason: string;
}

/** Cells that are named beside the first of those with the same reason. */
const NAMED = 3;

/** Error that names the cells that cannot be run, and why; a reason shared by several is given once. */
export function impossible(problems: readonly CellProblem[]): EspalierError {
  const head = `${problems.length === 1 ? 'one cell' : `${problems.length} cells`} of the grid cannot be run:`;
  const reasons = groupBy(problems, ({ reason }) => reason);
  const lines = [...reasons].map(([reason, same]) => {
    const [first = '', ...others] = same.map(({ cell }) => cellLabel(cell));
    const more = others.length > NAMED ? `; and ${others.length - NAMED} more` : '';
    return `${first}: ${reason}${others.length > 0 ? ` (as ${others.slice(0, NAMED).join('; ')}${more})` : ''}`;
  });
  return new EspalierError('invalid_job', `${head}\n  ${lines.join('\n  ')}`, { cells: problems.length });
}

/** Keys of the job that the grid says for every cell, so that a row is what its label says. */
const OWN_KEYS = ['seed', 'targetDensity', 'method'];

function own(path: string, keys: readonly string[], allowed: readonly string[] = []): readonly Problem[] {
  const sentence = 'is said by the grid for every cell; leave it out';
  return keys
    .filter((key) => OWN_KEYS.includes(key) && !allowed.includes(key))
    .map((key) => ({ path: `${path}${key}`, sentence }));
}

function parseForm(yamlText: string, overrides: readonly string[]): GridForm {
  const form = readForm(yamlText, gridSchema, GRID);
  const problems = [
    ...tooMany(form),
    ...twice(
      'methods',
      form.methods.map(({ name }) => name),
    ),
    ...twice('seeds', form.seeds),
    ...twice('densities', form.densities),
    ...twice(
      'partitions',
      (form.partitions ?? []).map(({ name }) => name),
    ),
    ...own('job.', Object.keys(form.job)),
    ...form.methods.flatMap(({ name, set }) => own(`set of ${name}: `, Object.keys(set), ['method'])),
    ...own(
      '--set ',
      overrides.map((override) => override.split('=')[0]!.trim()),
    ),
  ];
  if (problems.length > 0) throw formError(problems, GRID);
  return form;
}

function twice(path: string, values: readonly (string | number)[]): readonly Problem[] {
  return repeated(values).map((value) => ({ path, sentence: `has ${String(value)} twice; leave one out` }));
}

function repeated<T>(values: readonly T[]): readonly T[] {
  const seen = new Set<T>();
  return [...new Set(values.filter((value) => seen.size === seen.add(value).size))];
}

/** Runs of one grid; each is checked as a job before the first begins. */
const MOST_CELLS = 10_000;

function tooMany({ methods, densities, seeds, partitions = [] }: GridForm): readonly Problem[] {
  const rows = methods.reduce((sum, method) => sum + (method.densities ?? densities).length, 0);
  const cells = rows * seeds.length * Math.max(1, partitions.length);
  if (cells <= MOST_CELLS) return [];
  return [{ path: GRID.what, sentence: `has ${cells} runs; at most ${MOST_CELLS} are taken: divide it` }];
}

function cellKeys({ methods, densities, seeds, partitions }: GridForm): readonly CellKey[] {
  const splits = partitions?.map(({ name }) => name) ?? [null];
  const all = [...new Set([...densities, ...methods.flatMap((method) => method.densities ?? [])])];
  return seeds.flatMap((seed) =>
    splits.flatMap((partition) =>
      all.flatMap((density) =>
        methods
          .filter((method) => (method.densities ?? densities).includes(density))
          .map(({ name }) => ({ name, density, seed, partition })),
      ),
    ),
  );
}

function cellOf(form: GridForm, key: CellKey, more: readonly string[]): Cell {
  const { name, density, seed, partition } = key;
  const method = form.methods.find((each) => each.name === name);
  const split = form.partitions?.find((each) => each.name === partition);
  const overrides = [
    ...(split ? [`partition=${JSON.stringify(split.set)}`] : []),
    `targetDensity=${density}`,
    ...Object.entries(method?.set ?? {}).map(([at, value]) => `${at}=${JSON.stringify(value)}`),
    ...more,
  ];
  const [text, options] = [stringify(form.job), { overrides, seed }];
  const job = parseJob(text, options);
  const hash = createHash('sha256')
    .update(stringify(rawJob(text, options), { sortMapEntries: true }))
    .digest('hex');
  return { ...key, job, hash };
}
