import type { CellResult } from '../cell-result.js';
import { groupBy } from '../group-by.js';
import type { ResultGroup } from '../statistics.js';
import {
  accuracyCurves,
  accuracyOver,
  layerDensities,
  methodStyles,
  partitionBars,
  type Plot,
} from './charts.js';

/** Every plot of a comparison, by what it shows. */
export interface ComparisonPlots {
  readonly accuracy: readonly Plot[];
  readonly curves: readonly Plot[];
  readonly layers: readonly Plot[];
  readonly partitions: readonly Plot[];
}

/** Every plot, in the report's order. */
export function allPlots({ accuracy, curves, layers, partitions }: ComparisonPlots): readonly Plot[] {
  return [...accuracy, ...curves, ...layers, ...partitions];
}

/** Costs that accuracy is plotted against. */
const AXES: readonly {
  readonly file: string;
  readonly name: string;
  readonly log: boolean;
  readonly pick: (result: CellResult) => number | null;
}[] = [
  { file: 'density', name: 'density over maskable weights', log: true, pick: ({ density }) => density },
  { file: 'bytes', name: 'MB up, all clients', log: true, pick: ({ up }) => up / 1e6 },
  { file: 'macs', name: 'training TMACs, all clients', log: true, pick: ({ macs }) => macs / 1e12 },
  {
    file: 'forward-macs',
    name: 'forward MMACs a sample',
    log: true,
    pick: ({ forwardMacs }) => forwardMacs / 1e6,
  },
  { file: 'time', name: 'simulated seconds', log: true, pick: ({ virtualSeconds }) => virtualSeconds },
];

/** The plots of a comparison; those that nothing could be seen in are left out. */
export function comparisonPlots(groups: readonly ResultGroup[]): ComparisonPlots {
  const splits = [...groupBy(groups, ({ partition }) => partition)];
  const styles = methodStyles([...new Set(groups.map(({ name }) => name))]);
  const several = splits.length > 1;
  const accuracy = splits.flatMap(([partition, rows]) =>
    AXES.filter(({ pick }) =>
      rows.some(({ results }) => results.some((result) => pick(result) !== null)),
    ).map((axis): Plot => ({
      file: named('accuracy', axis.file, several ? partition : null),
      caption: `Final accuracy over ${axis.name}${several ? `, ${partition ?? ''}` : ''}. Lines go through means, small points are single runs.`,
      option: accuracyOver(rows, styles, axis),
      height: 420,
    })),
  );
  const perDensity = splits.flatMap(([partition, rows]) =>
    [...groupBy(rows, ({ density }) => density)].map(([density, same]) => ({
      partition,
      density,
      same,
      rows,
    })),
  );
  const at = (density: number, partition: string | null): string =>
    `density ${density}${several ? `, ${partition ?? ''}` : ''}`;
  const curves = perDensity.flatMap(({ partition, density, same, rows }): readonly Plot[] => {
    const controls = density === 1 ? [] : rows.filter((row) => row.density === 1);
    const drawn = accuracyCurves([...same, ...controls], styles);
    const beside = controls.length > 0 ? ', dense runs beside them' : '';
    const caption = `Accuracy over rounds at ${at(density, partition)}${beside}: means over seeds${drawn?.bands === true ? ', bands of one standard deviation' : ''}.`;
    const file = named('rounds', String(density), several ? partition : null);
    return drawn ? [{ file, caption, option: drawn.option, height: 420 }] : [];
  });
  const layers = perDensity.flatMap(({ partition, density, same }): readonly Plot[] => {
    const option = density === 1 ? null : layerDensities(same, styles);
    const caption = `Density per layer at the end, ${at(density, partition)}, from the input (left) to the output.`;
    return option
      ? [{ file: named('layers', String(density), several ? partition : null), caption, option, height: 460 }]
      : [];
  });
  return { accuracy, curves, layers, partitions: partitionPlots(splits) };
}

function partitionPlots(
  splits: readonly (readonly [string | null, readonly ResultGroup[]])[],
): readonly Plot[] {
  return splits.flatMap(([partition, rows]) => {
    const known = rows.flatMap(({ results }) => results).filter(({ samples }) => samples !== null);
    const seeds = [...new Map(known.map((result) => [result.seed, result])).values()];
    const smallest = seeds.sort((a, b) => a.seed - b.seed)[0];
    if (!smallest?.samples) return [];
    const of = partition === null ? '' : `, ${partition}`;
    return [
      {
        file: named('partition', `seed-${smallest.seed}`, partition),
        caption: `Training samples per client and class, seed ${smallest.seed}${of}.`,
        option: partitionBars(smallest.samples),
        height: 320,
      },
    ];
  });
}

function named(...parts: readonly (string | null)[]): string {
  return parts
    .filter((part) => part !== null)
    .join('-')
    .replace(/[^A-Za-z0-9.-]+/g, '-');
}
