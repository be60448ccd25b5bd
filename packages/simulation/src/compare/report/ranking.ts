import type { ReportBlock } from '@espalier/core/report';
import { groupBy } from '../group-by.js';
import { pairedDifference, spreadOf, toldApart, type ResultGroup, type Spread } from '../statistics.js';
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

const CAPTION =
  'At equal density. Differences are between runs of the same seed; those whose 95 % interval (Student’s t) holds 0, and those of a single seed, tell nothing.';

/**
 * Ranks the rows at each density and says how far the others are behind the winner; empty when no rows
 * compete.
 */
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
