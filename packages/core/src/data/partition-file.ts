import { EspalierError } from '../errors.js';
import type { PartitionSpec } from './data-spec.js';
import type { Partition } from './partitions/samples.js';

/** A partition as it is kept in a file: JSON, readable without the data it divides. */
export interface PartitionFile {
  /** SHA-256 of the listing that positions refer to, in hex. */
  readonly listing: string;
  readonly classes: readonly string[];
  /** Settings from which the partition was made. */
  readonly made: { readonly spec: PartitionSpec; readonly seed: number };
  /** Positions in the training listing that belong to the coordinator alone. */
  readonly server: readonly number[];
  /** Positions in the training listing per client. */
  readonly parts: Partition;
  /** Samples per client and class: `counts[client][class]`. */
  readonly counts: readonly (readonly number[])[];
}

const FORMAT = 'espalier-partition';
const VERSION = 1;

/** Samples per part and class: `counts[part][class]`. */
export function classCounts(
  parts: Partition,
  labels: ArrayLike<number>,
  numClasses: number,
): readonly (readonly number[])[] {
  return parts.map((part) => {
    const counts = Array.from({ length: numClasses }, () => 0);
    for (const position of part) counts[labels[position]!]! += 1;
    return counts;
  });
}

/** The file's text: one line a part, so that two files can be compared. */
export function partitionFileText(file: PartitionFile): string {
  const { server, parts, counts, ...head } = file;
  const lines = (rows: readonly (readonly number[])[]): string =>
    `[\n${rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n')}\n  ]`;
  const fields = Object.entries({ format: FORMAT, version: VERSION, ...head }).map(
    ([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  return `{\n${[...fields, `  "server": ${JSON.stringify(server)}`, `  "counts": ${lines(counts)}`, `  "parts": ${lines(parts)}`].join(',\n')}\n}\n`;
}

/**
 * Reads the text that {@link partitionFileText} wrote. `partitionSamples` checks that the parts divide the
 * data.
 * @throws EspalierError `invalid_data` when it is not such a file, has another version, or its numbers
 * disagree.
 */
export function parsePartitionFile(text: string): PartitionFile {
  const raw = parseJson(text);
  if (raw['format'] !== FORMAT)
    throw unreadable('it is no partition file; write one with espalier partition');
  if (raw['version'] !== VERSION) {
    throw unreadable(
      `its version is ${JSON.stringify(raw['version'])}, this program reads ${String(VERSION)}`,
    );
  }
  const { listing, classes, server, parts, counts, made } = raw;
  if (typeof listing !== 'string' || !/^[0-9a-f]{64}$/.test(listing))
    throw unreadable('its listing is no SHA-256');
  if (!isTexts(classes)) throw unreadable('its classes are no list of names');
  if (!isPositions(server)) throw unreadable('server is no list of positions');
  if (!isTable(parts) || parts.length === 0) throw unreadable('parts is no list of lists of positions');
  if (!isTable(counts) || !agree(parts, counts, classes.length))
    throw unreadable('counts and parts disagree');
  if (!isMade(made)) throw unreadable('made does not say how it was made');
  return { listing, classes, made, server, parts, counts };
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error));
  }
  throw unreadable('it is no JSON object');
}

function agree(parts: Partition, counts: readonly (readonly number[])[], numClasses: number): boolean {
  return (
    parts.length === counts.length &&
    parts.every((part, client) => {
      const row = counts[client] ?? [];
      return row.length === numClasses && row.reduce((sum, count) => sum + count, 0) === part.length;
    })
  );
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function isPositions(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}

function isTable(value: unknown): value is readonly (readonly number[])[] {
  return Array.isArray(value) && value.every(isPositions);
}

function isMade(value: unknown): value is PartitionFile['made'] {
  if (typeof value !== 'object' || value === null || !('spec' in value) || !('seed' in value)) return false;
  const { spec, seed } = value;
  return typeof seed === 'number' && typeof spec === 'object' && spec !== null && 'kind' in spec;
}

function unreadable(why: string): EspalierError {
  return new EspalierError('invalid_data', `the partition file cannot be read: ${why}`);
}
