import {
  EspalierError,
  holdOut,
  inputShape,
  partitionSamples,
  splitFraction,
  subset,
  datasetSize,
  type ClientJob,
  type Dataset,
  type Job,
} from '@espalier/core';
import { openSource, type SampleSource } from './sample-source.js';

/** Where a client's samples lie, and which of them are its own. */
export interface ClientDataOptions {
  /** The image folder; null for data that needs none. */
  readonly folder: string | null;
  /** This client's part of the partition, from 0; null when the whole of the training data is its own. */
  readonly part: number | null;
}

/** A client's samples. */
export interface PreparedClientData {
  readonly train: Dataset;
  /** Held out from training; null where the job holds nothing out. */
  readonly evaluation: Dataset | null;
  /** Paths of images that could not be decoded and were left out. */
  readonly broken: readonly string[];
}

/**
 * Reads a client's samples. With a part, everybody's share follows from the listing alone, so that all machines agree;
 * only this part's images are decoded, and a damaged one is missed by nobody else.
 * @throws EspalierError `invalid_data`, `classes_differ` with both lists, `invalid_argument` for a part that is none.
 */
export async function prepareClientData(
  job: ClientJob,
  { folder, part }: ClientDataOptions,
): Promise<PreparedClientData> {
  const { seed, evaluationFraction } = job;
  const source = await openSource({ spec: job.data, imageShape: imageShapeOf(job), seed, folder });
  checkSameClasses(source.classes, job.classes);
  const { dataset, broken } = await source.load(ownPositions(source, job, part));
  const key = { seed, purpose: 'evaluation', ...(part === null ? {} : { partition: part }) };
  const { first, rest } = splitFraction(datasetSize(dataset), evaluationFraction, key);
  if (first.length === 0) return { train: dataset, evaluation: null, broken };
  return { train: subset(dataset, rest), evaluation: subset(dataset, first), broken };
}

function ownPositions({ labels }: SampleSource, job: ClientJob, part: number | null): readonly number[] {
  if (part === null) return labels.map((_, position) => position);
  const { numClients, seed, classes, partition, serverSamplesPerClass } = job;
  const { clients } = holdOut(labels, classes.length, serverSamplesPerClass, seed);
  const clientLabels = clients.map((position) => labels[position] ?? 0);
  const own = partitionSamples(clientLabels, classes.length, partition, { numClients, seed })[part];
  if (own === undefined) {
    throw new EspalierError(
      'invalid_argument',
      `there is no part ${part + 1} of ${numClients}; parts count from 1 to ${numClients}`,
      { part, numClients },
    );
  }
  return own.map((at) => clients[at] ?? 0);
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
}

/**
 * Reads the coordinator's samples: those held out from all clients' training data, and the test set.
 * @throws EspalierError `invalid_data`
 */
export async function prepareServerData(
  job: Pick<Job, 'data' | 'imageShape' | 'seed' | 'pretrain'>,
  folder: string | null,
): Promise<PreparedServerData> {
  const source = await openSource({ spec: job.data, imageShape: job.imageShape, seed: job.seed, folder });
  const { classes, labels } = source;
  const held = holdOut(labels, classes.length, job.pretrain.samplesPerClass, job.seed).server;
  const server = held.length === 0 ? null : await source.load(held);
  const test = await source.loadTest();
  const broken = [...(server?.broken ?? []), ...(test?.broken ?? [])];
  return { classes, server: server?.dataset ?? null, test: test?.dataset ?? null, broken };
}
