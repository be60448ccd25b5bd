import type { ReportBlock } from '@espalier/core';
import { groupBy } from '../group-by.js';
import { pairedDifference, spreadOf, type ResultGroup, type Spread } from '../statistics.js';
import { writtenSpread } from '../table.js';

/** A row among those of the same density and partition. */
export interface Placing {
  readonly group: ResultGroup;
  /** Final accuracy over seeds. */
  readonly accuracy: Spread;
  /** Its accuracy less that of the best row, over the seeds both have; null without a common seed. */
  readonly difference: Spread | null;
}

/**
 * The rows of each density and partition, the most accurate first; of equals the earlier. Rows whose accuracy nobody
 * measured are left out.
 */
export function placings(groups: readonly ResultGroup[]): readonly (readonly Placing[])[] {
  const same = groupBy(groups, ({ density, partition }) => JSON.stringify([density, partition]));
  return [...same.values()].map((rows) => {
    const known = rows
      .map((group) => ({ group, accuracy: spreadOf(group.results.map(({ accuracy }) => accuracy.final)) }))
      .filter((row): row is { group: ResultGroup; accuracy: Spread } => row.accuracy !== null)
      .sort((a, b) => b.accuracy.mean - a.accuracy.mean);
    return known.map(({ group, accuracy }) => {
      const difference = pairedDifference(known[0]!.group, group, ({ accuracy: { final } }) => final);
      return { group, accuracy, difference };
    });
  });
}

/** Two-sided 95 % quantiles of Student's t for 1, 2, 3 … degrees of freedom; the last serves for all above. */
const STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228] as const;

/** True where a difference's 95 % interval, by Student's t, leaves out 0; a single seed tells nothing. */
export function toldApart(difference: Spread | null): boolean {
  if (difference === null || difference.count < 2) return false;
  const { mean, deviation, count } = difference;
  const quantile = STUDENT[Math.min(count - 1, STUDENT.length) - 1]!;
  return Math.abs(mean) > (quantile * deviation) / Math.sqrt(count);
}

const CAPTION =
  'At equal density. Differences are between runs of the same seed; those whose 95 % interval (Student’s t) holds 0, and those of a single seed, tell nothing.';

/** Which row wins at each density, and how far the others are behind; nothing where nothing competes. */
export function rankingBlocks(groups: readonly ResultGroup[]): readonly ReportBlock[] {
  const contests = placings(groups).filter((rows) => rows.length > 1);
  if (contests.length === 0) return [];
  const partitions = groups.some(({ partition }) => partition !== null);
  return [
    {
      kind: 'table',
      caption: CAPTION,
      columns: [
        { label: 'density', align: 'right' },
        ...(partitions ? [{ label: 'partition' }] : []),
        { label: 'most accurate' },
        { label: 'final %', align: 'right' },
        { label: 'not told apart from it', wrap: true },
        { label: 'behind it, in points', wrap: true },
      ],
      rows: contests.map(([best, ...others]) => [
        best!.group.density,
        ...(partitions ? [best!.group.partition ?? ''] : []),
        best!.group.name,
        writtenSpread(best!.accuracy, 1, 100),
        listed(
          others.filter(({ difference }) => !toldApart(difference)),
          ({ group }) => group.name,
        ),
        listed(
          others.filter(({ difference }) => toldApart(difference)),
          ({ group, difference }) => `${group.name} ${writtenSpread(difference, 1, 100)}`,
        ),
      ]),
    },
  ];
}

function listed(rows: readonly Placing[], text: (row: Placing) => string): string {
  return rows.map(text).join('; ') || '–';
}
