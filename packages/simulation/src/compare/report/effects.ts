import type { Job } from '@espalier/core';
import type { ReportBlock } from '@espalier/core/report';
import { jobToForm } from '@espalier/server';
import { groupBy } from '../group-by.js';
import { seedDifferences, spreadOf, toldApart, type ResultGroup, type Spread } from '../statistics.js';
import { writtenSpread } from '../table.js';

/** Two rows of a grid that one setting of the job tells apart. */
export interface Effect {
  /** Dotted key of the job file, and its value in the one row and in the other. */
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly rows: readonly [ResultGroup, ResultGroup];
  /** The second row's final accuracy less the first's, by common seeds, and over them. */
  readonly bySeed: ReadonlyMap<number, number>;
  readonly difference: Spread;
  /** Operations and bytes up of the second over those of the first. */
  readonly macs: number;
  readonly up: number;
}

/** The job of a row, of any of its seeds. */
export type JobOf = (group: Omit<ResultGroup, 'results'>) => Job | undefined;

/** Every two rows of the same density and partition between which one setting alone was changed. */
export function effects(groups: readonly ResultGroup[], jobOf: JobOf): readonly Effect[] {
  const rows = groups.flatMap((group) => {
    const job = jobOf(group);
    return job ? [{ group, settings: settingsOf(job) }] : [];
  });
  return rows.flatMap((one, at) =>
    rows.slice(at + 1).flatMap((other) => {
      const alike =
        one.group.density === other.group.density && one.group.partition === other.group.partition;
      const changed = alike ? changedKeys(one.settings, other.settings) : [];
      const [key] = changed;
      // Methods with the same settings are the ranking's.
      if (key === undefined || changed.length > 1 || key === 'method') return [];
      const bySeed = seedDifferences(one.group, other.group, ({ accuracy }) => accuracy.final);
      const difference = spreadOf([...bySeed.values()]);
      if (difference === null) return [];
      return [
        {
          key,
          from: one.settings.get(key) ?? 'none',
          to: other.settings.get(key) ?? 'none',
          rows: [one.group, other.group] as const,
          bySeed,
          difference,
          macs: ratio(other.group, one.group, ({ macs }) => macs),
          up: ratio(other.group, one.group, ({ up }) => up),
        },
      ];
    }),
  );
}

/** A setting's effect over several densities. */
export interface OverallEffect extends Pick<Effect, 'key' | 'from' | 'to' | 'rows'> {
  readonly densities: readonly number[];
  /**
   * Difference between the settings: each seed's mean over the densities, for the seeds present at all of
   * them.
   */
  readonly difference: Spread;
}

/**
 * Effects of the same two rows at several densities in one. Runs of a seed share their data and their first weights at
 * every density, so that each seed counts once.
 */
export function overDensities(found: readonly Effect[]): readonly OverallEffect[] {
  const alike = groupBy(found, ({ key, from, to, rows: [first, second] }) =>
    JSON.stringify([key, from, to, first.name, second.name, first.partition]),
  );
  const repeated = [...alike.values()].filter((same) => same.length > 1);
  return repeated.flatMap((same): readonly OverallEffect[] => {
    const { key, from, to, rows, bySeed } = same[0]!;
    const seeds = [...bySeed.keys()].filter((seed) => same.every((effect) => effect.bySeed.has(seed)));
    const means = seeds.map((seed) => spreadOf(same.map((effect) => effect.bySeed.get(seed)!))!.mean);
    const difference = spreadOf(means);
    if (difference === null || difference.count < 2) return [];
    return [{ key, from, to, rows, densities: same.map((effect) => effect.rows[0].density), difference }];
  });
}

/** Reports the effect of a setting where nothing else changes; empty when no two rows are that similar. */
export function effectBlocks(groups: readonly ResultGroup[], jobOf: JobOf): readonly ReportBlock[] {
  const found = effects(groups, jobOf);
  if (found.length === 0) return [];
  const overall = overDensities(found);
  return [effectTable(found), ...(overall.length === 0 ? [] : [overallTable(overall)])];
}

const right = (label: string) => ({ label, align: 'right' }) as const;

const COMPARED = [
  ...[{ label: 'setting' }, { label: 'from' }, { label: 'to' }],
  { label: 'in the row', wrap: true },
];

function points(difference: Spread): string {
  const written = writtenSpread(difference, 1, 100);
  return `${difference.mean > 0 ? '+' : ''}${written}${toldApart(difference) ? ' *' : ''}`;
}

function overallTable(overall: readonly OverallEffect[]): ReportBlock {
  return {
    kind: 'table',
    caption:
      'The same over densities, of every seed the mean: its runs share their data and count once. Seeds that all of these densities have.',
    columns: [...COMPARED, ...['densities', 'points', 'seeds'].map(right)],
    rows: overall.map(({ key, from, to, rows: [first], densities, difference }) => [
      ...[key, from, to, first.name, densities.join(', '), points(difference), difference.count],
    ]),
  };
}

function effectTable(found: readonly Effect[]): ReportBlock {
  return {
    kind: 'table',
    caption:
      'What one setting brings: rows between which nothing else differs, runs of the same seed beside each other. An asterisk marks differences whose 95 % interval (Student’s t) leaves out 0.',
    columns: [...COMPARED, ...['density', 'points', 'seeds', 'train MACs ×', 'bytes up ×'].map(right)],
    rows: found.map(({ key, from, to, rows: [first], difference, macs, up }) => [
      ...[key, from, to, first.name, first.density, points(difference), difference.count],
      ...[macs.toFixed(2), up.toFixed(2)],
    ]),
  };
}

function ratio(
  over: ResultGroup,
  under: ResultGroup,
  pick: (result: ResultGroup['results'][number]) => number,
): number {
  return spreadOf(over.results.map(pick))!.mean / spreadOf(under.results.map(pick))!.mean;
}

/** The job file's settings as dotted keys; the seed is no setting. */
function settingsOf(job: Job): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  const walk = (value: unknown, path: string): void => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      settings.set(path, typeof value === 'string' ? value : JSON.stringify(value));
      return;
    }
    for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`);
  };
  walk(jobToForm(job), '');
  settings.delete('seed');
  return settings;
}

function changedKeys(
  one: ReadonlyMap<string, string>,
  other: ReadonlyMap<string, string>,
): readonly string[] {
  return [...new Set([...one.keys(), ...other.keys()])].filter((key) => one.get(key) !== other.get(key));
}
