import type { ReportBlock } from '@espalier/core/report';
import { groupBy } from '../group-by.js';
import type { CellResult } from '../cell-result.js';
import { spreadOf, type ResultGroup, type Spread } from '../statistics.js';
import { writtenSpread } from '../table.js';
import { unitFor } from '../units.js';

/** A row on the Pareto front: none with the same or a lower cost is more accurate. */
export interface FrontierRow {
  readonly group: ResultGroup;
  readonly accuracy: Spread;
  /** Mean over seeds. */
  readonly cost: number;
}

/** Rows in the order of their cost, each more accurate than all cheaper ones. */
export function frontier(
  groups: readonly ResultGroup[],
  costOf: (result: CellResult) => number,
): readonly FrontierRow[] {
  const rows = groups.flatMap((group): readonly FrontierRow[] => {
    const accuracy = spreadOf(group.results.map(({ accuracy: { final } }) => final));
    const cost = spreadOf(group.results.map(costOf));
    return accuracy && cost ? [{ group, accuracy, cost: cost.mean }] : [];
  });
  let best = -Infinity;
  return rows
    .sort((a, b) => a.cost - b.cost || b.accuracy.mean - a.accuracy.mean)
    .filter(({ accuracy: { mean } }) => {
      const better = mean > best;
      best = Math.max(best, mean);
      return better;
    });
}

const COSTS = [
  { of: 'operations', name: 'MACs', label: 'train', pick: ({ macs }: CellResult) => macs },
  { of: 'bytes', name: 'B', label: 'up', pick: ({ up }: CellResult) => up },
] as const;

/** The most accurate rows by operations and by bytes: a table each, for every partition. */
export function frontierBlocks(groups: readonly ResultGroup[]): readonly ReportBlock[] {
  if (groups.length < 2) return [];
  return [...groupBy(groups, ({ partition }) => partition)].flatMap(([partition, rows]) =>
    COSTS.map(({ of, name, label, pick }): ReportBlock => {
      const best = frontier(rows, pick);
      const unit = unitFor(
        name,
        best.map(({ cost }) => cost),
      );
      return {
        kind: 'table',
        caption:
          `At equal ${of}${partition === null ? '' : `, ${partition}`}: the Pareto front, ` +
          `where no row with as few or fewer ${of} has a higher mean accuracy.`,
        columns: [
          { label: `${label} ${unit.name}`, align: 'right' },
          { label: 'row' },
          { label: 'density', align: 'right' },
          { label: 'final %', align: 'right' },
        ],
        rows: best.map(({ group, accuracy, cost }) => [
          (cost / unit.size).toFixed(2),
          group.name,
          group.density,
          writtenSpread(accuracy, 1, 100),
        ]),
      };
    }),
  );
}
