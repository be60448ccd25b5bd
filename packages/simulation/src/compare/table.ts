import type { ReportBlock } from '@espalier/core/report';
import { roundBytes, type CellResult } from './cell-result.js';
import { spreadOf, type ResultGroup, type Spread } from './statistics.js';
import { unitFor } from './units.js';

/** A column of the comparison: its heading, and its cell of a row. */
interface Column {
  readonly head: string;
  readonly align: 'left' | 'right';
  readonly cell: (group: ResultGroup) => string;
}

/** A figure of every seed with its unit; the spread is written where there is more than one seed. */
function figure(head: string, pick: (result: CellResult) => number | null, digits: number): Column {
  return {
    head,
    align: 'right',
    cell: ({ results }) => writtenSpread(spreadOf(results.map(pick)), digits),
  };
}

/** Mean ± deviation as people read it, after multiplying by `scale`; the mean alone of a single figure. */
export function writtenSpread(spread: Spread | null, digits: number, scale = 1): string {
  if (spread === null) return '–';
  const mean = (scale * spread.mean).toFixed(digits);
  const deviation = (scale * spread.deviation).toFixed(digits);
  // A deviation that rounds to nothing says nothing.
  return spread.count > 1 && Number(deviation) > 0 ? `${mean} ± ${deviation}` : mean;
}

const hundredfold = (value: number | null): number | null => (value === null ? null : 100 * value);

/** Accuracy with its measured costs. Columns that say nothing for these rows are left out. */
function resultColumns(groups: readonly ResultGroup[]): readonly Column[] {
  const all = groups.flatMap(({ results }) => results);
  const partitions = groups.some(({ partition }) => partition !== null);
  const macUnit = unitFor(
    'MACs',
    all.map(({ macs }) => macs),
  );
  const forwardUnit = unitFor(
    'MACs',
    all.map(({ forwardMacs }) => forwardMacs),
  );
  const virtual = all.some(({ virtualSeconds }) => virtualSeconds !== null);
  return [
    { head: 'method', align: 'left', cell: ({ name }) => name },
    { head: 'density', align: 'right', cell: ({ density }) => String(density) },
    ...(partitions
      ? [{ head: 'partition', align: 'left', cell: (g: ResultGroup) => g.partition ?? '' } as const]
      : []),
    { head: 'seeds', align: 'right', cell: ({ results }) => String(results.length) },
    figure('final %', ({ accuracy }) => hundredfold(accuracy.final), 1),
    figure('best %', ({ accuracy }) => hundredfold(accuracy.best), 1),
    figure('up MB', ({ up }) => up / 1e6, 1),
    figure('down MB', ({ down }) => down / 1e6, 1),
    figure(`forward ${forwardUnit.name}`, ({ forwardMacs }) => forwardMacs / forwardUnit.size, 2),
    figure(`train ${macUnit.name}`, ({ macs }) => macs / macUnit.size, 2),
    figure('peak MB', ({ peakBytes }) => peakBytes / 1e6, 1),
    ...(virtual ? [figure('simulated s', ({ virtualSeconds }) => virtualSeconds, 0)] : []),
    figure('machine s', ({ seconds }) => seconds, 0),
  ];
}

/** A table of a report. */
type TableBlock = Extract<ReportBlock, { kind: 'table' }>;

/** The comparison as a report's table. */
export function resultTable(groups: readonly ResultGroup[]): TableBlock {
  const columns = resultColumns(groups);
  return {
    kind: 'table',
    columns: columns.map(({ head, align }) => ({ label: head, align })),
    rows: groups.map((group) => columns.map(({ cell }) => cell(group))),
  };
}

/** The comparison as a Markdown table. */
export function markdownTable(groups: readonly ResultGroup[]): string {
  return markdownOf(resultTable(groups));
}

/** A report's table in Markdown, its caption above it. */
export function markdownOf({
  caption,
  columns,
  rows,
}: Pick<TableBlock, 'caption' | 'columns' | 'rows'>): string {
  const line = (cells: readonly (string | number | null)[]): string => `| ${cells.join(' | ')} |`;
  const rule = `|${columns.map(({ align }) => (align === 'right' ? '--:' : '---')).join('|')}|`;
  return [
    ...(caption === undefined ? [] : [caption, '']),
    line(columns.map(({ label }) => label)),
    rule,
    ...rows.map(line),
    '',
  ].join('\n');
}

const CSV: readonly (readonly [string, (result: CellResult) => string | number | null])[] = [
  ['method', ({ name }) => name],
  ['density', ({ density }) => density],
  ['partition', ({ partition }) => partition],
  ['seed', ({ seed }) => seed],
  ['accuracy_final', ({ accuracy }) => accuracy.final],
  ['accuracy_best', ({ accuracy }) => accuracy.best],
  ['density_maskable', ({ maskable }) => maskable],
  ['density_all', ({ all }) => all],
  ['bytes_up', ({ up }) => up],
  ['bytes_down', ({ down }) => down],
  ['macs_train', ({ macs }) => macs],
  ['macs_forward', ({ forwardMacs }) => forwardMacs],
  ['bytes_rounds', roundBytes],
  ['analytic_bytes', ({ analytic }) => analytic?.bytes ?? null],
  ['analytic_macs', ({ analytic }) => analytic?.macs ?? null],
  ['peak_bytes', ({ peakBytes }) => peakBytes],
  ['analytic_memory', ({ analytic }) => analytic?.memory ?? null],
  ['seconds_machine', ({ seconds }) => seconds],
  ['seconds_simulated', ({ virtualSeconds }) => virtualSeconds],
  ['model_hash', ({ modelHash }) => modelHash],
];

/** Every cell on a line, one figure a column, unrounded; RFC 4180. */
export function resultsCsv(results: readonly CellResult[]): string {
  const lines = results.map((result) => CSV.map(([, pick]) => csvField(pick(result))).join(','));
  return [CSV.map(([head]) => head).join(','), ...lines].join('\r\n') + '\r\n';
}

function csvField(value: string | number | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value);
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
