import type { Job, ReportBlock } from '@espalier/core';
import { jobToForm } from '@espalier/server';
import { pairedDifference, spreadOf, toldApart, type ResultGroup, type Spread } from '../statistics.js';
import { writtenSpread } from '../table.js';

/** Two rows of a grid that one setting of the job tells apart. */
export interface Effect {
  /** Dotted key of the job file, and its value in the one row and in the other. */
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly rows: readonly [ResultGroup, ResultGroup];
  /** The second row's final accuracy less the first's, over common seeds. */
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
      const difference = pairedDifference(one.group, other.group, ({ accuracy }) => accuracy.final);
      if (difference === null) return [];
      return [
        {
          key,
          from: one.settings.get(key) ?? 'none',
          to: other.settings.get(key) ?? 'none',
          rows: [one.group, other.group] as const,
          difference,
          macs: ratio(other.group, one.group, ({ macs }) => macs),
          up: ratio(other.group, one.group, ({ up }) => up),
        },
      ];
    }),
  );
}

/** What a setting brings where nothing else changes; nothing where no two rows are that much alike. */
export function effectBlocks(groups: readonly ResultGroup[], jobOf: JobOf): readonly ReportBlock[] {
  const found = effects(groups, jobOf);
  if (found.length === 0) return [];
  const right = (label: string) => ({ label, align: 'right' }) as const;
  return [
    {
      kind: 'table',
      caption:
        'What one setting brings: rows between which nothing else differs, runs of the same seed beside each other. An asterisk marks differences whose 95 % interval (Student’s t) leaves out 0.',
      columns: [
        { label: 'setting' },
        { label: 'from' },
        { label: 'to' },
        { label: 'in the row', wrap: true },
        ...['density', 'points', 'seeds', 'train MACs ×', 'bytes up ×'].map(right),
      ],
      rows: found.map(({ key, from, to, rows: [first], difference, macs, up }) => [
        key,
        from,
        to,
        first.name,
        first.density,
        `${difference.mean > 0 ? '+' : ''}${writtenSpread(difference, 1, 100)}${toldApart(difference) ? ' *' : ''}`,
        difference.count,
        macs.toFixed(2),
        up.toFixed(2),
      ]),
    },
  ];
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
