import Table from 'cli-table3';
import type { PartitionFile } from '@espalier/core';

/** A partition in figures. */
export interface PartitionDescription {
  readonly kind: string;
  readonly seed: number;
  readonly listing: string;
  readonly classes: readonly string[];
  readonly clients: number;
  /** Samples that the coordinator keeps. */
  readonly server: number;
  readonly samples: { readonly all: number; readonly least: number; readonly most: number };
  /** `counts[client][class]`. */
  readonly counts: readonly (readonly number[])[];
  /** Mean over clients of the share of their largest class: 1 ÷ classes where evenly mixed, 1 where each has one. */
  readonly skew: number;
}

/** Everything `espalier inspect` says of a partition file. */
export function describePartition({
  listing,
  classes,
  made,
  server,
  counts,
}: PartitionFile): PartitionDescription {
  const sizes = counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  const shares = counts.map((row, client) => Math.max(...row) / Math.max(1, sizes[client] ?? 1));
  return {
    kind: made.spec.kind,
    seed: made.seed,
    listing,
    classes,
    clients: counts.length,
    server: server.length,
    samples: {
      all: sizes.reduce((sum, size) => sum + size, 0),
      least: Math.min(...sizes),
      most: Math.max(...sizes),
    },
    counts,
    skew: shares.reduce((sum, share) => sum + share, 0) / shares.length,
  };
}

/** From none to most. */
const SHADES = [' ', '░', '▒', '▓', '█'];

/** Most clients and classes that are shown; the JSON and the picture have all. */
const LIMITS = { clients: 40, classes: 24 };

/** The same for people: a heat map of classes × clients, and its figures. */
export function partitionText(description: PartitionDescription): string {
  const { kind, seed, clients, classes, server, samples, skew, listing } = description;
  return [
    `partition ${kind} (seed ${seed}): ${samples.all} samples over ${clients} clients, ${samples.least} to ${samples.most} each; ${server} held by the coordinator`,
    `largest class takes ${(100 * skew).toFixed(0)} % of a client's samples on average (${(100 / classes.length).toFixed(0)} % if evenly mixed)`,
    `listing ${listing}`,
    heatMap(description),
  ].join('\n');
}

function heatMap({ classes, counts }: PartitionDescription): string {
  const most = Math.max(1, ...counts.flat());
  const shownClasses = classes.slice(0, LIMITS.classes);
  const rows = counts.slice(0, LIMITS.clients);
  const table = new Table({
    head: ['client', ...shownClasses.map((name) => shortened(name)), 'samples'],
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 1 },
    colAligns: ['right', ...shownClasses.map(() => 'right' as const), 'right'],
    chars: BORDERLESS,
  });
  for (const [client, row] of rows.entries()) {
    const cells = row
      .slice(0, LIMITS.classes)
      .map((count) => `${shade(count, most)} ${count === 0 ? '·' : count}`);
    table.push([String(client + 1), ...cells, String(row.reduce((sum, count) => sum + count, 0))]);
  }
  const left = [
    counts.length > rows.length ? `${counts.length - rows.length} more clients` : '',
    classes.length > shownClasses.length ? `${classes.length - shownClasses.length} more classes` : '',
  ].filter((text) => text !== '');
  return [
    table.toString(),
    ...(left.length > 0 ? [`(${left.join(' and ')}; see --format json or --out)`] : []),
  ].join('\n');
}

const BORDERLESS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' ',
};

/** No sample has no shade; any sample has at least the lightest. */
function shade(count: number, most: number): string {
  return SHADES[Math.ceil((count / most) * (SHADES.length - 1))] ?? ' ';
}

function shortened(name: string): string {
  return name.length > 10 ? `${name.slice(0, 9)}…` : name;
}
