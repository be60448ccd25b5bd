import { join } from 'node:path';
import {
  EspalierError,
  holdOut,
  isEspalierError,
  parsePartitionFile,
  partitionSamples,
  type Partition,
  type PartitionFile,
  type PartitionSpec,
} from '@espalier/core';
import { placeWithin, readBounded } from '@espalier/disk';
import { partitionPath, type SampleSource } from './sample-source.js';

/** Part of a job that determines how its samples are divided. */
export interface DivideOptions {
  readonly partition: PartitionSpec;
  readonly numClients: number;
  readonly seed: number;
  readonly serverSamplesPerClass: number;
  /** The data folder, beside which a partition file lies. */
  readonly folder: string | null;
  /** The job is somebody else's: the partition file must lie within the data folder. */
  readonly confined?: boolean;
}

/** Positions in the training listing: the coordinator's own, and those of each client. Together they are all. */
export interface Division {
  readonly server: readonly number[];
  readonly parts: Partition;
}

/**
 * Divides a listing among the coordinator and the clients; every machine with the same listing divides it alike.
 * @throws EspalierError `invalid_job`, `invalid_data` as the partition says, or when a file is of other data.
 */
export async function divide(source: SampleSource, options: DivideOptions): Promise<Division> {
  const { partition, numClients, seed, serverSamplesPerClass } = options;
  const { labels, classes, groups } = source;
  const held = holdOut(labels, classes.length, serverSamplesPerClass, seed);
  const given = (positions: readonly number[]): number[] =>
    positions.map((position) => labels[position] ?? 0);
  const own = partitionSamples(given(held.clients), classes.length, partition, {
    numClients,
    seed,
    ...(groups === null ? {} : { groups: held.clients.map((position) => groups[position] ?? 0) }),
    ...(partition.kind === 'file' ? { written: await readParts(source, held, options) } : {}),
  });
  return { server: held.server, parts: own.map((part) => part.map((at) => held.clients[at] ?? 0)) };
}

/** A file's parts as positions among the samples that clients get. */
async function readParts(
  source: SampleSource,
  held: { readonly server: readonly number[]; readonly clients: readonly number[] },
  { partition, folder, confined = false }: DivideOptions,
): Promise<Partition> {
  const named = partition.kind === 'file' ? partition.path : '';
  const path = confined ? await confinedPath(named, folder) : partitionPath(named, folder);
  const file = await readPartitionFile(path);
  if (file.listing !== source.listing) {
    throw new EspalierError(
      'invalid_data',
      `${path} was written for other data: files, classes or limits differ (its listing is ${file.listing.slice(0, 12)}…, this one ${source.listing.slice(0, 12)}…); write it again with espalier partition`,
      { path },
    );
  }
  if (file.server.join() !== held.server.join()) {
    throw new EspalierError(
      'invalid_job',
      `${path} holds ${file.server.length} other samples out for the coordinator than this job; use its seed, ${file.made.seed}, and its pretrain.samplesPerClass, or write it again`,
      { path },
    );
  }
  const among = new Map(held.clients.map((position, at) => [position, at]));
  // A position that no client may have goes on as it is, to be refused as a stray.
  return file.parts.map((part) =>
    part.map((position) => among.get(position) ?? held.clients.length + position),
  );
}

async function confinedPath(named: string, folder: string | null): Promise<string> {
  if (folder !== null) {
    return placeWithin(folder, named).catch((error: unknown) => {
      throw unreadable(join(folder, named), error);
    });
  }
  throw new EspalierError(
    'invalid_data',
    'this job divides its samples by a partition file; give the folder that holds the file with --data <folder>',
  );
}

/** Bytes of a partition file: positions by the ten million fit. */
const LARGEST_PARTITION = 128 * 2 ** 20;

/**
 * Reads a file that `espalier partition` wrote.
 * @throws EspalierError `invalid_data` when it cannot be read, or is no such file.
 */
export async function readPartitionFile(path: string): Promise<PartitionFile> {
  const bytes = await readBounded(path, LARGEST_PARTITION, 'the partition file').catch((error: unknown) => {
    throw unreadable(path, error);
  });
  return parsePartitionFile(bytes.toString('utf8'));
}

/** A failure of the file system said as one of the data; any other error as it is. */
function unreadable(path: string, error: unknown): unknown {
  if (!isEspalierError(error) || error.code !== 'storage') return error;
  return new EspalierError(
    'invalid_data',
    `the partition file ${path} cannot be read (${String(error.facts['system'] ?? 'unknown')}); write one with espalier partition`,
    { path },
  );
}
