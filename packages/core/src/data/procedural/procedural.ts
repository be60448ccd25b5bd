import { EspalierError } from '../../errors.js';
import { randomStream } from '../../random/stream.js';
import { imageBytes, type Dataset } from '../dataset.js';
import { classTraits } from './class-traits.js';
import { paint } from './paint.js';

/** Images to draw. */
export interface ProceduralOptions {
  /** From 2 to 200. */
  readonly numClasses: number;
  /** `[height, width, channels]`: height and width from 8 to 512, 1 or 3 channels. */
  readonly imageShape: readonly [number, number, number];
  readonly samplesPerClass: number;
  readonly seed: number;
  /** Training and test images never share a random stream. */
  readonly split: 'train' | 'test';
}

/** Largest set that is drawn, in bytes. */
const MAX_BYTES = 2 ** 30;

/**
 * A set of coloured images, each of one striped figure on a smooth background with spots and noise. The class is the
 * figure's outline together with its stripes' direction and width; place, size, phase, colours and the rest are random,
 * so that classes have the same mean image. At 10 classes of 300 images of 16×16×3 a linear model reaches about 20 % of
 * a test set and the zoo's `cnn-small` about 95 %; with 100 images a class, 65 %.
 *
 * Deterministic to the bit on every engine. Labels run 0, 1, …, 0, 1, …; an image depends on the seed, the split, its
 * class and its number within the class only, so a smaller set is the beginning of a larger one.
 * @throws EspalierError `invalid_argument` for options outside the stated ranges, or a set above 1 GiB.
 */
export function proceduralDataset(options: ProceduralOptions): Dataset {
  checkOptions(options);
  const { numClasses, imageShape, samplesPerClass, seed, split } = options;
  const traits = classTraits(numClasses);
  const labels = Uint16Array.from({ length: numClasses * samplesPerClass }, (_, i) => i % numClasses);
  const blank = { imageShape, classes: traits.map(({ name }) => name), images: new Uint8Array(), labels };
  const stride = imageBytes(blank);
  const images = new Uint8Array(labels.length * stride);
  for (const [i, label] of labels.entries()) {
    const purpose = `procedural ${split} ${String(Math.floor(i / numClasses))}`;
    const stream = randomStream({ seed, purpose, partition: label });
    paint(images.subarray(i * stride, (i + 1) * stride), imageShape, traits[label]!, stream);
  }
  return { ...blank, images };
}

function checkOptions({ numClasses, imageShape, samplesPerClass }: ProceduralOptions): void {
  const [height, width, channels] = imageShape;
  checkRange('numClasses', numClasses, 2, 200);
  checkRange('height', height, 8, 512);
  checkRange('width', width, 8, 512);
  if (channels !== 1 && channels !== 3) {
    throw new EspalierError(
      'invalid_argument',
      `procedural images have 1 or 3 channels, not ${String(channels)}`,
    );
  }
  checkRange(
    'samplesPerClass',
    samplesPerClass,
    1,
    Math.floor(MAX_BYTES / (numClasses * height * width * channels)),
  );
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new EspalierError(
    'invalid_argument',
    `${name} ${String(value)} of procedural images is not a whole number from ${String(least)} to ${String(most)}`,
    { name, value },
  );
}
