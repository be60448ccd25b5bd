import { createHash } from 'node:crypto';
import { join, relative, sep } from 'node:path';
import { fitImages, type LabelledImages } from '@espalier/client/data-formats';
import {
  EspalierError,
  proceduralDataset,
  splitPerClass,
  subset,
  type Dataset,
  type DataSpec,
  type FileDataSpec,
  type PartitionSpec,
} from '@espalier/core';
import { readFileSet } from './file-set.js';
import { checkRoom, imageMemory } from './room.js';
import { scanImageFolder, type ImageEntry, type SkippedFile } from './image-folder.js';
import { loadImages, type LoadedImages } from './load-images.js';

/** Samples of a job as they are divided up: labels first, pixels on demand. */
export interface SampleSource {
  readonly classes: readonly string[];
  /** Label of every training sample; a position in it names the same sample on every machine. */
  readonly labels: readonly number[];
  /** Client folder of every training sample, from 0; null where there are none. */
  readonly groups: readonly number[] | null;
  /** Labels of the test samples; null where there are none. */
  readonly testLabels: readonly number[] | null;
  /** SHA-256 over the training listing, in hex: a position means the same sample where this agrees. */
  readonly listing: string;
  /** Files that were passed over while listing. */
  readonly skipped: readonly SkippedFile[];
  /** The training samples at those positions, less those that cannot be decoded. */
  load(positions: readonly number[]): Promise<LoadedImages>;
  /** The test samples; null where there are none. */
  loadTest(): Promise<LoadedImages | null>;
}

/** Input that a source is made from. */
export interface SourceOptions {
  readonly spec: DataSpec;
  readonly imageShape: readonly [number, number, number];
  readonly seed: number;
  /** The data folder; null for data that needs none. */
  readonly folder: string | null;
  /** Image folders only: training images lie in `<client>/<class>/`. */
  readonly byClient?: boolean;
  /** True when a test set may be split off data that has none; a client's own folder stays whole. */
  readonly splitsTest?: boolean;
  /** Folder of decoded images; see `LoadOptions`. */
  readonly cache?: string | null;
}

/**
 * The samples of a job's data.
 * @throws EspalierError `invalid_data` when a folder is missing, given where none is read, or unusable.
 */
export async function openSource(options: SourceOptions): Promise<SampleSource> {
  const { spec, imageShape, seed, folder } = options;
  if (spec.kind === 'procedural') {
    if (folder === null) return proceduralSource(spec, imageShape, seed);
    throw new EspalierError(
      'invalid_data',
      `this job makes its own images, but got the folder ${folder}; leave --data out`,
    );
  }
  if (folder === null) {
    const what = spec.kind === 'imageFolder' ? 'a folder of images' : `a folder of ${spec.kind} files`;
    throw new EspalierError(
      'invalid_data',
      `this job trains on ${what}, but got none; give one with --data <folder>`,
    );
  }
  if (spec.kind === 'imageFolder') return divided(await folderSamples(folder, options), spec, options);
  return divided(await setSamples(folder, spec.kind, options), spec, options);
}

/** Samples of either form, before limits and splits. `E` says where a sample's pixels are. */
interface Listed<E> {
  readonly classes: readonly string[];
  readonly train: readonly E[];
  readonly test: readonly E[] | null;
  readonly skipped: readonly SkippedFile[];
  /** Name of a sample, the same on every machine. */
  readonly nameOf: (entry: E) => string;
  readonly load: (entries: readonly E[]) => Promise<LoadedImages>;
}

interface Entry {
  readonly label: number;
  readonly group?: number;
}

/** The first of each class up to the job's limits, less the test set where it is split off. */
function divided<E extends Entry>(
  listed: Listed<E>,
  spec: FileDataSpec,
  options: SourceOptions,
): SampleSource {
  const { classes, skipped, nameOf, load } = listed;
  const splits = listed.test === null && spec.testFraction > 0 && (options.splitsTest ?? true);
  const halves = splits
    ? splitPerClass(
        listed.train.map(({ label }) => label),
        classes.length,
        {
          fraction: spec.testFraction,
          seed: options.seed,
        },
      )
    : null;
  const pick = (positions: readonly number[]): readonly E[] =>
    positions.flatMap((at) => listed.train[at] ?? []);
  const train = firstPerClass(halves ? pick(halves.rest) : listed.train, spec.samplesPerClass);
  const whole = halves ? pick(halves.first) : listed.test;
  const test = whole && firstPerClass(whole, spec.testSamplesPerClass);
  const groups = train.flatMap(({ group }) => group ?? []);
  return {
    classes,
    labels: train.map(({ label }) => label),
    groups: groups.length === train.length ? groups : null,
    testLabels: test && test.map(({ label }) => label),
    listing: listingHash(classes, train.map(nameOf)),
    skipped,
    load: (positions) => load(positions.flatMap((position) => train[position] ?? [])),
    loadTest: async () => test && (await load(test)),
  };
}

/** At most `limit` entries of each class, in their order. */
function firstPerClass<E extends Entry>(entries: readonly E[], limit: number | null): readonly E[] {
  if (limit === null) return entries;
  const taken = new Map<number, number>();
  return entries.filter(({ label }) => {
    const before = taken.get(label) ?? 0;
    taken.set(label, before + 1);
    return before < limit;
  });
}

function listingHash(classes: readonly string[], names: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(classes));
  for (const name of names) hash.update('\n').update(name);
  return hash.digest('hex');
}

async function folderSamples(
  root: string,
  { imageShape, byClient = false, cache = null }: SourceOptions,
): Promise<Listed<ImageEntry>> {
  const { classes, train, test, skipped } = await scanImageFolder(root, { byClient });
  return {
    classes,
    train,
    test,
    skipped,
    nameOf: ({ path }) => relative(root, path).split(sep).join('/'),
    load: (entries) => loadImages(entries, { imageShape, classes, cache }),
  };
}

/** A sample of a set that is held in memory. */
interface HeldSample {
  readonly label: number;
  readonly at: number;
  readonly of: LabelledImages;
}

async function setSamples(
  root: string,
  kind: Exclude<FileDataSpec['kind'], 'imageFolder'>,
  { imageShape }: SourceOptions,
): Promise<Listed<HeldSample>> {
  const { classes, train, test } = await readFileSet(kind, root);
  const samples = (of: LabelledImages): readonly HeldSample[] =>
    Array.from(of.labels, (label, at) => ({ label, at, of }));
  return {
    classes,
    train: samples(train),
    test: test && samples(test),
    skipped: [],
    nameOf: ({ at, label }) => `${at} ${label}`,
    load: (entries) => Promise.resolve(heldImages(entries, classes, imageShape)),
  };
}

function heldImages(
  entries: readonly HeldSample[],
  classes: readonly string[],
  imageShape: SourceOptions['imageShape'],
): LoadedImages {
  const [first] = entries;
  const own = first?.of.imageShape ?? imageShape;
  const stride = own[0] * own[1] * own[2];
  checkRoom(entries.length, imageShape);
  const chosen = imageMemory(entries.length, own);
  for (const [i, { at, of }] of entries.entries()) {
    chosen.set(of.images.subarray(at * stride, (at + 1) * stride), i * stride);
  }
  const labels = Uint16Array.from(entries, ({ label }) => label);
  return whole({ imageShape, classes, images: fitImages(chosen, own, imageShape), labels });
}

function whole(dataset: Dataset): LoadedImages {
  return { dataset, broken: [], skipped: [], sound: new Uint8Array(dataset.labels.length).fill(1) };
}

type ProceduralSpec = Extract<DataSpec, { kind: 'procedural' }>;

function proceduralSource(
  spec: ProceduralSpec,
  imageShape: SourceOptions['imageShape'],
  seed: number,
): SampleSource {
  const { numClasses, samplesPerClass, testSamplesPerClass } = spec;
  const train = proceduralDataset({ numClasses, imageShape, samplesPerClass, seed, split: 'train' });
  const test = { numClasses, imageShape, samplesPerClass: testSamplesPerClass, seed, split: 'test' } as const;
  return {
    classes: train.classes,
    labels: [...train.labels],
    groups: null,
    testLabels: Array.from({ length: numClasses * testSamplesPerClass }, (_, i) => i % numClasses),
    listing: listingHash(
      train.classes,
      [...train.labels].map((label, at) => `${seed} ${at} ${label}`),
    ),
    skipped: [],
    load: (positions) => Promise.resolve(whole(subset(train, positions))),
    loadTest: () => {
      if (testSamplesPerClass === 0) return Promise.resolve(null);
      return Promise.resolve(whole(proceduralDataset(test)));
    },
  };
}

/**
 * Returns the folder that a job's samples are read from, given one that may hold only its partition file.
 * Procedural images are not read from files.
 * @returns null when no samples are read
 */
export function samplesFolder(
  { data, partition }: { readonly data: DataSpec; readonly partition?: PartitionSpec | undefined },
  folder: string | null,
): string | null {
  return data.kind === 'procedural' && partition?.kind === 'file' ? null : folder;
}

/**
 * Resolves the path of a job's partition file: relative paths start at the data folder, or at the current
 * folder if there is none.
 */
export function partitionPath(path: string, folder: string | null): string {
  return path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path) || folder === null ? path : join(folder, path);
}
