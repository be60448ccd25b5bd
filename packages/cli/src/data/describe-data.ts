import { stat } from 'node:fs/promises';
import Table from 'cli-table3';
import {
  brokenImages,
  openSource,
  readFileSet,
  scanImageFolder,
  type ImageFolder,
  type SkippedFile,
} from '@espalier/client-node';
import { EspalierError, type FileDataSpec } from '@espalier/core';
import { bytes } from '../terminal.js';

/** A data folder in figures. */
export interface DataDescription {
  readonly kind: FileDataSpec['kind'];
  readonly classes: readonly { readonly name: string; readonly train: number; readonly test: number }[];
  readonly samples: { readonly train: number; readonly test: number };
  /** Height, width and channels of the images; null for image folders, which may mix them. */
  readonly imageShape: readonly number[] | null;
  /** Bytes of the image files; null where they are not files of their own. */
  readonly fileBytes: number | null;
  readonly skipped: readonly SkippedFile[];
  /** Warnings that are not errors. */
  readonly warnings: readonly string[];
}

/** The kind of data that lies in a folder. @throws EspalierError `invalid_data` when it is none. */
export async function dataKindOf(folder: string): Promise<FileDataSpec['kind']> {
  const problems: string[] = [];
  for (const kind of ['cifarBinary', 'idx', 'npy', 'imageFolder'] as const) {
    try {
      if (kind === 'imageFolder') await scanImageFolder(folder);
      else await readFileSet(kind, folder);
      return kind;
    } catch (error) {
      const sentence = error instanceof EspalierError ? error.rawMessage : String(error);
      // Files of that kind are there and damaged: nothing else is meant.
      if (kind !== 'imageFolder' && !/ has (no|neither) /.test(sentence)) throw error;
      problems.push(sentence);
    }
  }
  throw new EspalierError(
    'invalid_data',
    `${folder} holds no data that can be read: ${problems.at(-1) ?? ''}`,
    {
      path: folder,
    },
  );
}

/** Everything `espalier inspect` says of a data folder; image files are decoded to find the broken ones. */
export async function describeData(folder: string): Promise<DataDescription> {
  const kind = await dataKindOf(folder);
  const spec = { kind, samplesPerClass: null, testSamplesPerClass: null, testFraction: 0 };
  const images = kind === 'imageFolder' ? await scanImageFolder(folder) : null;
  const source = await openSource({ spec, imageShape: [1, 1, 1], seed: 0, folder });
  const counted = (labels: readonly number[] | null, label: number): number =>
    labels?.filter((each) => each === label).length ?? 0;
  const classes = source.classes.map((name, label) => ({
    name,
    train: counted(source.labels, label),
    test: counted(source.testLabels, label),
  }));
  const broken = images === null ? [] : await brokenImages(entriesOf(images));
  return {
    kind,
    classes,
    samples: { train: source.labels.length, test: source.testLabels?.length ?? 0 },
    imageShape: kind === 'imageFolder' ? null : (await readFileSet(kind, folder)).train.imageShape,
    fileBytes: images === null ? null : await sizeOf(images),
    skipped: [...source.skipped, ...broken],
    warnings: warningsOf(classes, source.testLabels !== null),
  };
}

function entriesOf({ train, test }: ImageFolder): ImageFolder['train'] {
  return [...train, ...(test ?? [])];
}

async function sizeOf(folder: ImageFolder): Promise<number> {
  let sum = 0;
  for (const { path } of entriesOf(folder)) sum += (await stat(path).catch(() => null))?.size ?? 0;
  return sum;
}

function warningsOf(classes: DataDescription['classes'], tested: boolean): readonly string[] {
  const without = (split: 'train' | 'test'): string =>
    classes
      .filter((each) => each[split] === 0)
      .map(({ name }) => name)
      .join(', ');
  return [
    ...(without('train') === '' ? [] : [`no training image of ${without('train')}`]),
    ...(tested && without('test') !== '' ? [`no test image of ${without('test')}`] : []),
    ...(tested ? [] : ['no test set: set data.testFraction, or the clients evaluate on a part of their own']),
  ];
}

/** Most classes and files that are named; the JSON has all. */
const SHOWN = 30;

/** The same for people. */
export function dataText(description: DataDescription): string {
  const { kind, classes, samples, imageShape, fileBytes, skipped, warnings } = description;
  const table = new Table({
    head: ['class', 'training', 'test'],
    style: { head: [], border: [] },
    colAligns: ['left', 'right', 'right'],
  });
  for (const { name, train, test } of classes.slice(0, SHOWN)) table.push([name, train, test]);
  const more = (all: readonly unknown[]): string[] =>
    all.length > SHOWN ? [`… and ${all.length - SHOWN} more`] : [];
  const shape = imageShape === null ? '' : `, images of ${imageShape.join('×')}`;
  const size = fileBytes === null ? '' : `, ${bytes(fileBytes)} in files`;
  return [
    `${kind}: ${classes.length} classes, ${samples.train} training and ${samples.test} test images${shape}${size}`,
    table.toString(),
    ...more(classes),
    ...warnings.map((warning) => `note: ${warning}`),
    ...(skipped.length === 0 ? ['every file can be read'] : [`${skipped.length} files are left out:`]),
    ...skipped.slice(0, SHOWN).map(({ path, reason }) => `  ${path}: ${reason}`),
    ...more(skipped),
  ].join('\n');
}
