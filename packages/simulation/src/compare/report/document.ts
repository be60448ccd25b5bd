import type { Method } from '@espalier/core/methods';
import type { ReportBlock, ReportDocument, ReportSection } from '@espalier/core/report';
import { spreadOf, type ResultGroup } from '../statistics.js';
import { resultTable } from '../table.js';
import type { Plot } from './charts.js';
import { costBlocks } from './costs.js';
import { effectBlocks, type JobOf } from './effects.js';
import { frontierBlocks } from './frontier.js';
import type { ComparisonPlots } from './plots.js';
import { rankingBlocks } from './ranking.js';

/** Facts that a report gives besides results. */
export interface Provenance {
  readonly name: string;
  /** Cells of the grid, and those that are done. */
  readonly cells: number;
  readonly done: number;
  /** The command that goes on with it. */
  readonly command: string;
  /** The method behind every row of the grid, by the row's name. */
  readonly methods: ReadonlyMap<string, Method>;
  readonly jobOf: JobOf;
  /** The grid's text. */
  readonly grid: string;
  /** Program, Node and processor. */
  readonly versions: readonly string[];
}

/** The comparison as a report. */
export function comparisonDocument(
  groups: readonly ResultGroup[],
  plots: ComparisonPlots,
  { name, cells, done, command, methods, jobOf, grid, versions }: Provenance,
): ReportDocument {
  const sections: readonly ReportSection[] = [
    {
      heading: 'Results',
      blocks: [
        { kind: 'figures', figures: figuresOf(groups, { cells, done }) },
        resultTable(groups),
        ...plots.accuracy.map(chart),
      ],
    },
    { heading: 'What wins', blocks: findingBlocks(groups, jobOf) },
    { heading: 'Over rounds', blocks: plots.curves.map(chart) },
    { heading: 'Density per layer', blocks: plots.layers.map(chart) },
    { heading: 'Measured and analytic costs', blocks: costBlocks(groups) },
    { heading: 'The methods', blocks: [methodTable(methods)] },
    { heading: 'The data', blocks: plots.partitions.map(chart) },
    {
      heading: 'How it was made',
      blocks: [
        { kind: 'code', text: command },
        { kind: 'text', text: versions.join(' · ') },
        { kind: 'code', text: grid },
      ],
    },
  ];
  return {
    kind: 'document',
    title: name,
    lead: `${done} of ${cells} runs; mean ± standard deviation over seeds, bytes and operations as measured.`,
    sections: sections.filter(({ blocks }) => blocks.length > 0),
  };
}

/** Lists the winning rows, at equal density and at equal cost, and the effects of single settings. */
export function findingBlocks(groups: readonly ResultGroup[], jobOf: JobOf): readonly ReportBlock[] {
  return [...rankingBlocks(groups), ...frontierBlocks(groups), ...effectBlocks(groups, jobOf)];
}

function figuresOf(
  groups: readonly ResultGroup[],
  { cells, done }: { readonly cells: number; readonly done: number },
): Extract<ReportBlock, { kind: 'figures' }>['figures'] {
  const best = groups
    .map((group) => ({ group, accuracy: spreadOf(group.results.map(({ accuracy }) => accuracy.final)) }))
    .sort((a, b) => (b.accuracy?.mean ?? 0) - (a.accuracy?.mean ?? 0));
  const pruned = best.find(({ group }) => group.density < 1);
  const one = (found: (typeof best)[number] | undefined, label: string) =>
    found?.accuracy
      ? [
          {
            label,
            value: `${(100 * found.accuracy.mean).toFixed(1)} %`,
            hint: `${found.group.name}, density ${found.group.density}, ${found.accuracy.count} ${found.accuracy.count === 1 ? 'seed' : 'seeds'}`,
          },
        ]
      : [];
  return [
    { label: 'Runs', value: `${done} of ${cells}` },
    ...one(best[0], 'Highest mean accuracy'),
    ...(pruned === best[0] ? [] : one(pruned, 'Highest of the pruned')),
  ];
}

/** Table that says what every row is, and where it departs from its paper. */
function methodTable(methods: ReadonlyMap<string, Method>): ReportBlock {
  return {
    kind: 'table',
    columns: [{ label: 'row' }, { label: 'method', wrap: true }, { label: 'not as published', wrap: true }],
    rows: [...methods].map(([row, { summary, departures }]) => [row, summary, departures.join(' ') || '–']),
  };
}

function chart({ caption, option, height }: Plot): ReportBlock {
  return { kind: 'chart', caption, option, height };
}
