import {
  classCounts,
  EspalierError,
  holdOut,
  inputShape,
  splitFraction,
  subset,
  datasetSize,
  type Dataset,
  type Job,
  type PartitionFile,
} from '@espalier/core';
import type { ClientJob } from '@espalier/core/protocol';
import { divide } from './divide.js';
import type { SkippedFile } from './image-folder.js';
import { openSource, samplesFolder, type SampleSource } from './sample-source.js';

/** Location of a client's samples, and its part of them. */
export interface ClientDataOptions {
  /** The image folder; null for data that needs none. */
  readonly folder: string | null;
  /** This client's part of the partition, from 0; null when the whole of the training data is its own. */
  readonly part: number | null;
  /** Folder that keeps decoded images for the next start; null or absent to keep none. */
  readonly cache?: string | null;
}

/** A client's samples. */
export interface PreparedClientData {
  readonly train: Dataset;
  /** Held out from training; null where the job holds nothing out. */
  readonly evaluation: Dataset | null;
  /** Paths of images that could not be decoded and were left out. */
  readonly broken: readonly string[];
  /** The same with what is wrong with each, and what was passed over while listing. */
  readonly skipped: readonly SkippedFile[];
}

/**
 * Reads a client's samples. With a part, everybody's share follows from the listing alone, so that all machines agree;
 * only this part's images are decoded, and a damaged one is missed by nobody else.
 * @throws EspalierError `invalid_data`, `classes_differ` with both lists, `invalid_argument` for a part that is none.
 */
export async function prepareClientData(
  job: ClientJob,
  { folder, part, cache = null }: ClientDataOptions,
): Promise<PreparedClientData> {
  const { seed, evaluationFraction } = job;
  const source = await openSource({
    spec: job.data,
    imageShape: imageShapeOf(job),
    seed,
    folder: samplesFolder(job, folder),
    byClient: part !== null && job.partition.kind === 'byFolder',
    splitsTest: part !== null,
    cache,
  });
  checkSameClasses(source.classes, job.classes);
  const {
    dataset,
    broken,
    skipped: undecoded,
  } = await source.load(await ownPositions(source, job, { folder, part }));
  const skipped = [...source.skipped, ...undecoded];
  const key = { seed, purpose: 'evaluation', ...(part === null ? {} : { partition: part }) };
  const { first, rest } = splitFraction(datasetSize(dataset), evaluationFraction, key);
  if (first.length === 0) return { train: dataset, evaluation: null, broken, skipped };
  return { train: subset(dataset, rest), evaluation: subset(dataset, first), broken, skipped };
}

async function ownPositions(
  source: SampleSource,
  job: ClientJob,
  { folder, part }: ClientDataOptions,
): Promise<readonly number[]> {
  if (part === null) return source.labels.map((_, position) => position);
  const { numClients } = job;
  const own = (await divide(source, { ...job, folder, confined: true })).parts[part];
  if (own === undefined) {
    throw new EspalierError(
      'invalid_argument',
      `there is no part ${part + 1} of ${numClients}; parts count from 1 to ${numClients}`,
      { part, numClients },
    );
  }
  return own;
}

function imageShapeOf({ graph }: ClientJob): readonly [number, number, number] {
  const [height, width, channels] = inputShape(graph);
  if (height === undefined || width === undefined || channels === undefined) {
    throw new EspalierError('invalid_data', `the job's model ${graph.name} does not take images`);
  }
  return [height, width, channels];
}

function checkSameClasses(own: readonly string[], expected: readonly string[]): void {
  if (own.length === expected.length && own.every((name, i) => name === expected[i])) return;
  throw new EspalierError(
    'classes_differ',
    `this folder has the classes [${own.join(', ')}], the job [${expected.join(', ')}]; name the class folders alike`,
    { own: own.join(','), expected: expected.join(',') },
  );
}

/** The coordinator's samples. */
export interface PreparedServerData {
  readonly classes: readonly string[];
  /** Held out from all clients, for pretraining; null where the job holds nothing out. */
  readonly server: Dataset | null;
  /** Null where there is no test set: then the clients evaluate. */
  readonly test: Dataset | null;
  readonly broken: readonly string[];
  /** The same with what is wrong with each, and what was passed over while listing. */
  readonly skipped: readonly SkippedFile[];
  /** Warnings that are not errors, such as a class without test images. */
  readonly warnings: readonly string[];
}

/** Part of a job that determines its samples and how they are divided. */
export type DataJob = Pick<Job, 'data' | 'imageShape' | 'seed' | 'pretrain'> &
  Partial<Pick<Job, 'partition'>>;

/**
 * Reads the coordinator's samples: those held out from all clients' training data, and the test set.
 * @throws EspalierError `invalid_data`
 */
export async function prepareServerData(
  job: DataJob,
  folder: string | null,
  { cache = null }: Pick<ClientDataOptions, 'cache'> = {},
): Promise<PreparedServerData> {
  const source = await serverSource(job, folder, cache);
  const { classes } = source;
  const held = holdOut(source.labels, classes.length, job.pretrain.samplesPerClass, job.seed).server;
  const server = held.length === 0 ? null : await source.load(held);
  const test = await source.loadTest();
  const broken = [...(server?.broken ?? []), ...(test?.broken ?? [])];
  const skipped = [...source.skipped, ...(server?.skipped ?? []), ...(test?.skipped ?? [])];
  return {
    classes,
    server: server?.dataset ?? null,
    test: test?.dataset ?? null,
    broken,
    skipped,
    warnings: missingTestClasses(source),
  };
}

function serverSource(
  { data, imageShape, seed, partition }: DataJob,
  folder: string | null,
  cache: string | null,
) {
  return openSource({
    spec: data,
    imageShape,
    seed,
    folder: samplesFolder({ data, partition }, folder),
    byClient: partition?.kind === 'byFolder',
    cache,
  });
}

/** A sentence about classes that the test set lacks; empty where there is nothing to say. */
export function missingTestClasses({ classes, testLabels }: SampleSource): readonly string[] {
  if (testLabels === null) return [];
  const present = new Set(testLabels);
  const missing = classes.filter((_, label) => !present.has(label));
  if (missing.length === 0) return [];
  return [`the test set has no image of ${missing.join(', ')}: its accuracy says nothing about them`];
}

/**
 * The division of a job's data as a file keeps it: what every machine would work out for itself.
 * @throws EspalierError `invalid_data`; `invalid_job` when the job's partition cannot be had from this data.
 */
export async function partitionOfJob(
  job: Pick<Job, 'data' | 'imageShape' | 'seed' | 'pretrain' | 'partition' | 'numClients'>,
  folder: string | null,
): Promise<PartitionFile> {
  const source = await serverSource(job, folder, null);
  const { classes, labels, listing } = source;
  const serverSamplesPerClass = job.pretrain.samplesPerClass;
  const { server, parts } = await divide(source, { ...job, serverSamplesPerClass, folder });
  return {
    listing,
    classes,
    made: { spec: job.partition, seed: job.seed },
    server,
    parts,
    counts: classCounts(parts, labels, classes.length),
  };
}
