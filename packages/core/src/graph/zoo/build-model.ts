import { EspalierError } from '../../errors.js';
import type { ModelSpec } from '../model-spec.js';
import { entryNamed } from '../../registry/named-entry.js';
import type { ModelGraph } from '../model-graph.js';
import { inferShapes } from '../shapes.js';
import { cnnSmall } from './cnn-small.js';
import { mlp } from './mlp.js';
import { mobilenet } from './mobilenet.js';
import { resnet18 } from './resnet18.js';
import { resnet20 } from './resnet20.js';
import { squeezenet } from './squeezenet.js';
import { vgg11Bn } from './vgg11-bn.js';
import type { ZooEntry } from './zoo.js';

/** Every network that a job can name. A new one is one line here. */
const ZOO: Readonly<Record<string, ZooEntry>> = byName([
  { name: 'mlp', defaultWidth: 64, build: mlp },
  { name: 'cnn-small', defaultWidth: 16, build: cnnSmall },
  { name: 'resnet18', defaultWidth: 64, build: resnet18 },
  { name: 'resnet20', defaultWidth: 16, build: resnet20 },
  { name: 'vgg11-bn', defaultWidth: 64, build: vgg11Bn },
  { name: 'mobilenet', defaultWidth: 32, build: mobilenet },
  { name: 'squeezenet', defaultWidth: 64, build: squeezenet },
]);

/** Widest accepted `width`: 64 times the standard ResNet-18 would not fit any device, so more is a typing error. */
const MAX_WIDTH = 4096;

/** Names of the zoo's networks, as jobs spell them. */
export function zooNames(): readonly string[] {
  return Object.keys(ZOO);
}

/**
 * The network of that spec for images of that shape, with one logit per class.
 * @throws EspalierError `invalid_argument` for an unknown name (the nearest valid ones are named), a width that the
 * network does not take, an image shape that is not three whole numbers of at least 1, or fewer than 2 classes.
 */
export function buildModel(
  spec: ModelSpec,
  imageShape: readonly [number, number, number],
  numClasses: number,
): ModelGraph {
  const entry = entryNamed(ZOO, spec.name, 'model');
  checkInput(imageShape, numClasses);
  const graph = entry.build({ imageShape, classes: numClasses, width: widthOf(entry, spec.width) });
  inferShapes(graph);
  return graph;
}

function widthOf({ name, defaultWidth }: ZooEntry, width: number | null): number {
  if (width === null) return defaultWidth ?? 1;
  if (defaultWidth === null) {
    throw new EspalierError(
      'invalid_argument',
      `model ${name} has no width option, but got ${String(width)}; leave it out`,
    );
  }
  if (!Number.isSafeInteger(width) || width < 1 || width > MAX_WIDTH) {
    throw new EspalierError(
      'invalid_argument',
      `width ${String(width)} of model ${name} is not a whole number from 1 to ${String(MAX_WIDTH)}; the default is ${String(defaultWidth)}`,
    );
  }
  return width;
}

function checkInput(imageShape: readonly number[], numClasses: number): void {
  if (imageShape.length !== 3 || imageShape.some((extent) => !Number.isSafeInteger(extent) || extent < 1)) {
    throw new EspalierError(
      'invalid_argument',
      `image shape [${String(imageShape)}] is not [height, width, channels] in whole numbers of at least 1`,
    );
  }
  if (!Number.isSafeInteger(numClasses) || numClasses < 2) {
    throw new EspalierError(
      'invalid_argument',
      `${String(numClasses)} classes: a classifier needs at least 2`,
    );
  }
}

function byName(entries: readonly ZooEntry[]): Readonly<Record<string, ZooEntry>> {
  return Object.fromEntries(entries.map((entry) => [entry.name, entry]));
}
