import { EspalierError, proceduralDataset, subset, type Dataset, type DataSpec } from '@espalier/core';
import { scanImageFolder, type ImageEntry, type ImageFolder } from './image-folder.js';
import { loadImages, type LoadedImages } from './load-images.js';

/** What a job's data looks like to whoever divides it up: labels first, pixels on demand. */
export interface SampleSource {
  readonly classes: readonly string[];
  /** Label of every training sample; a position in it names the same sample on every machine. */
  readonly labels: readonly number[];
  /** The training samples at those positions, less those that cannot be decoded. */
  load(positions: readonly number[]): Promise<LoadedImages>;
  /** The test samples; null where there are none. */
  loadTest(): Promise<LoadedImages | null>;
}

/** What a source is made from. */
export interface SourceOptions {
  readonly spec: DataSpec;
  readonly imageShape: readonly [number, number, number];
  readonly seed: number;
  /** The image folder; null for data that needs none. */
  readonly folder: string | null;
}

/**
 * The samples of a job's data.
 * @throws EspalierError `invalid_data` when a folder is missing, or given where none is read.
 */
export async function openSource({ spec, imageShape, seed, folder }: SourceOptions): Promise<SampleSource> {
  if (spec.kind === 'procedural') {
    if (folder === null) return proceduralSource(spec, imageShape, seed);
    throw new EspalierError(
      'invalid_data',
      `this job makes its own images, but got the folder ${folder}; leave --data out`,
    );
  }
  if (folder === null) {
    throw new EspalierError(
      'invalid_data',
      'this job trains on a folder of images, but got none; give one with --data <folder>',
    );
  }
  return folderSource(await scanImageFolder(folder), spec, imageShape);
}

type FolderSpec = Extract<DataSpec, { kind: 'imageFolder' }>;
type ProceduralSpec = Extract<DataSpec, { kind: 'procedural' }>;

function folderSource(
  folder: ImageFolder,
  spec: FolderSpec,
  imageShape: SourceOptions['imageShape'],
): SampleSource {
  const { classes } = folder;
  const train = firstPerClass(folder.train, spec.samplesPerClass);
  const test = folder.test && firstPerClass(folder.test, spec.testSamplesPerClass);
  return {
    classes,
    labels: train.map(({ label }) => label),
    load: (positions) =>
      loadImages(
        positions.flatMap((position) => train[position] ?? []),
        { imageShape, classes },
      ),
    loadTest: async () => test && (await loadImages(test, { imageShape, classes })),
  };
}

/** At most `limit` entries of each class, the first by file name. */
function firstPerClass(entries: readonly ImageEntry[], limit: number | null): readonly ImageEntry[] {
  if (limit === null) return entries;
  const taken = new Map<number, number>();
  return entries.filter(({ label }) => {
    const before = taken.get(label) ?? 0;
    taken.set(label, before + 1);
    return before < limit;
  });
}

function proceduralSource(
  spec: ProceduralSpec,
  imageShape: SourceOptions['imageShape'],
  seed: number,
): SampleSource {
  const { numClasses, samplesPerClass, testSamplesPerClass } = spec;
  const train = proceduralDataset({ numClasses, imageShape, samplesPerClass, seed, split: 'train' });
  const whole = (dataset: Dataset): LoadedImages => ({ dataset, broken: [] });
  return {
    classes: train.classes,
    labels: [...train.labels],
    load: (positions) => Promise.resolve(whole(subset(train, positions))),
    loadTest: () => {
      if (testSamplesPerClass === 0) return Promise.resolve(null);
      const samples = { numClasses, imageShape, samplesPerClass: testSamplesPerClass, seed };
      return Promise.resolve(whole(proceduralDataset({ ...samples, split: 'test' })));
    },
  };
}
