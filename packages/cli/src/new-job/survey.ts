import { openSource, scanImageFolder } from '@espalier/client-node';
import type { DataSpec } from '@espalier/core';
import sharp from 'sharp';
import { dataKindOf, describeData } from '../data/describe-data.js';

/** Properties of the data that decide how a job is written. */
export interface DataSurvey {
  readonly kind: DataSpec['kind'];
  readonly classes: number;
  readonly train: number;
  readonly test: number;
  /** Training images of the rarest class. */
  readonly rarest: number;
  /** Height and width that suit its images. */
  readonly imageSize: number;
  readonly channels: 1 | 3;
}

/** The built-in images, as the job writes them. */
export const PROCEDURAL: DataSurvey = {
  kind: 'procedural',
  classes: 10,
  train: 2000,
  test: 500,
  rarest: 200,
  imageSize: 16,
  channels: 3,
};

/** Image files that are looked at, spread over the listing. */
const SAMPLED = 48;
const SIZES = [16, 24, 28, 32, 48, 64];

/** Looks at the data in a folder; nothing is decoded in full. */
export async function surveyData(folder: string | null): Promise<DataSurvey> {
  if (folder === null) return PROCEDURAL;
  const kind = await dataKindOf(folder);
  const spec = { kind, samplesPerClass: null, testSamplesPerClass: null, testFraction: 0 };
  const { classes, labels, testLabels } = await openSource({ spec, imageShape: [1, 1, 1], seed: 0, folder });
  const counts = classes.map((_, label) => labels.filter((each) => each === label).length);
  const look = kind === 'imageFolder' ? await lookOf(folder) : await shapeOf(folder);
  return {
    kind,
    classes: classes.length,
    train: labels.length,
    test: testLabels?.length ?? 0,
    rarest: Math.min(...counts),
    ...look,
  };
}

type Look = Pick<DataSurvey, 'imageSize' | 'channels'>;

async function shapeOf(folder: string): Promise<Look> {
  const [height = 32, width = 32, channels = 3] = (await describeData(folder)).imageShape ?? [];
  return { imageSize: Math.max(height, width), channels: channels === 1 ? 1 : 3 };
}

/** The middle of the sizes, brought to a usual one; grey when all that were looked at are. */
async function lookOf(folder: string): Promise<Look> {
  const { train } = await scanImageFolder(folder);
  const step = Math.max(1, Math.floor(train.length / SAMPLED));
  const chosen = train.filter((_, i) => i % step === 0).slice(0, SAMPLED);
  const found = await Promise.all(
    chosen.map(({ path }) =>
      sharp(path)
        .metadata()
        .catch(() => null),
    ),
  );
  const seen = found.filter((each) => each !== null);
  const sides = seen.map(({ width, height }) => Math.min(width, height)).sort((a, b) => a - b);
  const middle = sides[Math.floor(sides.length / 2)] ?? 32;
  const grey = seen.length > 0 && seen.every(({ space, channels }) => space === 'b-w' || channels <= 2);
  return { imageSize: SIZES.findLast((size) => size <= middle) ?? 16, channels: grey ? 1 : 3 };
}
