import { datasetSize, holdOut, imageBytes, splitFraction, type Dataset, type Job } from '@espalier/core';
import { divide } from './divide.js';
import type { SkippedFile } from './image-folder.js';
import { missingTestClasses } from './prepare-data.js';
import { openSource, samplesFolder, type SampleSource } from './sample-source.js';

/** All images of a data set, decoded once. */
export interface FleetImages {
  readonly source: SampleSource;
  readonly folder: string | null;
  /** The training images that could be decoded, in the listing's order. */
  readonly train: Dataset;
  /** Position in `train` of every sample of the listing; -1 where it could not be decoded. */
  readonly places: Int32Array;
  /** In shared memory; null where the data have no test set. */
  readonly test: Dataset | null;
  readonly skipped: readonly SkippedFile[];
  /** Warnings that are not errors, such as a class without test images. */
  readonly warnings: readonly string[];
}

/** Part of a job that determines which images a fleet reads. */
export type FleetImagesJob = Pick<Job, 'data' | 'imageShape' | 'seed' | 'partition'>;

/** A client's own samples. */
export interface FleetSamples {
  readonly train: Dataset;
  /** Held out from training; null where the job holds nothing out. */
  readonly evaluation: Dataset | null;
}

/** Samples of every client. Everything is in shared memory, so that workers read it without a copy. */
export interface FleetData {
  readonly classes: readonly string[];
  /** Held out from all clients, for pretraining; null where the job holds nothing out. */
  readonly server: Dataset | null;
  readonly test: Dataset | null;
  /** By partition index. */
  readonly clients: readonly FleetSamples[];
  /** Samples per client and class. */
  readonly counts: readonly (readonly number[])[];
}

/** Part of a job that determines how a fleet's samples are divided. */
export type FleetJob = Pick<
  Job,
  'partition' | 'numClients' | 'seed' | 'pretrain' | 'evaluationFraction' | 'data'
>;

/**
 * Returns a key for everything that the images depend on: jobs with the same key have the same images. Seeds
 * count only where they decide which images there are.
 */
export function fleetImagesKey({ data, imageShape, seed, partition }: FleetImagesJob): string {
  const drawn = data.kind === 'procedural' || data.testFraction > 0;
  return JSON.stringify([data, imageShape, drawn ? seed : null, partition.kind === 'byFolder']);
}

/**
 * Decodes all images of a job's data.
 * @throws EspalierError `invalid_data`
 */
export async function openFleetImages(
  { data, imageShape, seed, partition }: FleetImagesJob,
  folder: string | null,
  { cache = null }: { readonly cache?: string | null } = {},
): Promise<FleetImages> {
  const byClient = partition.kind === 'byFolder';
  const source = await openSource({
    spec: data,
    imageShape,
    seed,
    folder: samplesFolder({ data, partition }, folder),
    byClient,
    cache,
  });
  const { dataset, sound, skipped } = await source.load(source.labels.map((_, position) => position));
  const test = await source.loadTest();
  const places = new Int32Array(sound.length);
  let next = 0;
  for (let i = 0; i < sound.length; i++) places[i] = sound[i] === 1 ? next++ : -1;
  return {
    source,
    folder,
    train: dataset,
    places,
    test: test && sharedSubset(test.dataset, everyPosition(test.dataset)),
    skipped: [...source.skipped, ...skipped, ...(test?.skipped ?? [])],
    warnings: missingTestClasses(source),
  };
}

/**
 * Gives the coordinator and every client exactly the samples that they would read for themselves.
 * @throws EspalierError `invalid_job`, `invalid_data` as the partition says.
 */
export async function divideFleet(images: FleetImages, job: FleetJob): Promise<FleetData> {
  const { source, folder, test } = images;
  const { classes, labels } = source;
  const { seed, numClients, partition } = job;
  const serverSamplesPerClass = job.pretrain.samplesPerClass;
  const { parts } = await divide(source, { partition, numClients, seed, serverSamplesPerClass, folder });
  const server = decoded(images, holdOut(labels, classes.length, serverSamplesPerClass, seed).server);
  const fraction = test === null ? job.evaluationFraction : 0;
  const clients = parts.map((part, index) => clientSamples(images, part, { seed, index, fraction }));
  return {
    classes,
    server: server.length === 0 ? null : sharedSubset(images.train, server),
    test,
    clients,
    counts: clients.map(({ train }) => labelCounts(train)),
  };
}

function clientSamples(
  images: FleetImages,
  part: readonly number[],
  { seed, index, fraction }: { readonly seed: number; readonly index: number; readonly fraction: number },
): FleetSamples {
  const own = decoded(images, part);
  const { first, rest } = splitFraction(own.length, fraction, {
    seed,
    purpose: 'evaluation',
    partition: index,
  });
  const pick = (chosen: readonly number[]): Dataset =>
    sharedSubset(
      images.train,
      chosen.map((at) => own[at] ?? 0),
    );
  return { train: pick(rest), evaluation: first.length === 0 ? null : pick(first) };
}

/** Converts positions of the listing to positions in `train`, without those that could not be decoded. */
function decoded({ places }: FleetImages, positions: readonly number[]): readonly number[] {
  return positions.map((position) => places[position] ?? -1).filter((place) => place >= 0);
}

function everyPosition(dataset: Dataset): readonly number[] {
  return Array.from({ length: datasetSize(dataset) }, (_, i) => i);
}

/** The samples at those positions, copied into shared memory. */
function sharedSubset(dataset: Dataset, positions: readonly number[]): Dataset {
  const stride = imageBytes(dataset);
  const images = new Uint8Array(new SharedArrayBuffer(positions.length * stride));
  const labels = new Uint16Array(new SharedArrayBuffer(positions.length * 2));
  for (const [i, at] of positions.entries()) {
    images.set(dataset.images.subarray(at * stride, (at + 1) * stride), i * stride);
    labels[i] = dataset.labels[at] ?? 0;
  }
  return { ...dataset, images, labels };
}

function labelCounts({ labels, classes }: Dataset): readonly number[] {
  const counts = classes.map(() => 0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}
