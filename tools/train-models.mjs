/**
 * Trains a network of the zoo on an image folder with the engine, on one core, for a given processor time, and writes
 * a bundle. The learning rate falls along half a cosine over that time. Build packages/client-node and proto first.
 *   node tools/train-models.mjs --data <folder> --model resnet20 --seconds 840 --out examples/models/resnet20-cifar10.espalier
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createNodeTrainer, defaultCacheFolder, openSource } from '../packages/client-node/dist/index.js';
import {
  buildModel,
  datasetSize,
  denseMask,
  initialState,
  randomStream,
  shuffled,
  subset,
} from '../packages/core/dist/index.js';
import { encodeBundle } from '../proto/dist/index.js';

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    model: { type: 'string' },
    width: { type: 'string' },
    out: { type: 'string' },
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
  },
});

if (flags.data === undefined || flags.model === undefined || flags.out === undefined) {
  console.error('give --data <folder>, --model <name> and --out <file>');
  process.exit(2);
}

/** Samples between two looks at the clock. */
const PART = 5000;
const PEAK_RATE = 0.1;
const normalization = { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] };
const imageShape = /** @type {const} */ ([32, 32, 3]);
const seed = Number(flags.seed);
const limit = Number(flags.seconds);

const source = await openSource({
  spec: { kind: 'imageFolder', samplesPerClass: null, testSamplesPerClass: null, testFraction: 0 },
  imageShape,
  seed,
  folder: flags.data,
  cache: defaultCacheFolder(),
});
const { dataset: train } = await source.load(source.labels.map((_, i) => i));
const test = (await source.loadTest())?.dataset;
if (test === undefined) throw new Error('the folder has no test images');
const graph = buildModel(
  { name: flags.model, width: flags.width ? Number(flags.width) : null },
  imageShape,
  source.classes.length,
);
const trainer = await createNodeTrainer({ backend: 'engine' });

const started = process.cpuUsage();
const clock = performance.now();
const cpuSeconds = () => {
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1e6;
};
const size = datasetSize(train);
const perEpoch = Math.ceil(size / PART);
let part = 0;
/** @type {readonly number[]} */
let order = [];
let state = initialState(graph, seed);
await trainer.load(graph, state, null);
while (cpuSeconds() < limit) {
  const epoch = Math.floor(part / perEpoch);
  if (part % perEpoch === 0)
    order = shuffled(
      Array.from({ length: size }, (_, i) => i),
      randomStream({ seed, purpose: 'epoch', round: epoch }),
    );
  const from = (part % perEpoch) * PART;
  const done = Math.min(1, cpuSeconds() / limit);
  const warm = Math.min(1, (part + 1) / 5);
  const learningRate = Math.max(0.0005, warm * PEAK_RATE * 0.5 * (1 + Math.cos(Math.PI * done)));
  const result = await trainer.train(subset(train, order.slice(from, from + PART)), {
    epochs: 1,
    batchSize: 64,
    learningRate,
    optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 },
    normalization,
    augmentation: { cropPadding: 4, flip: true },
    momentMode: { kind: 'pooled' },
    proximal: 0,
    stream: { seed, purpose: 'train', round: part },
    topGradients: [],
  });
  part += 1;
  state = result.state;
  console.log(
    `${part * PART} images, ${cpuSeconds().toFixed(0)} s, rate ${learningRate.toFixed(4)}, loss ${result.losses[0]?.toFixed(4) ?? 'none'}`,
  );
}
const seconds = cpuSeconds();
const { correct, samples } = await trainer.evaluate(test, { batchSize: 100, normalization });
const metadata = {
  data: 'CIFAR-10',
  trainedOn: `${part * PART} images (${(part / perEpoch).toFixed(1)} epochs)`,
  cpuSeconds: seconds.toFixed(0),
  wallSeconds: ((performance.now() - clock) / 1000).toFixed(0),
  testAccuracy: (correct / samples).toFixed(4),
  command: `tools/train-models.mjs --model ${flags.model}${flags.width ? ` --width ${flags.width}` : ''} --seconds ${flags.seconds} --seed ${seed}`,
};
writeFileSync(
  flags.out,
  encodeBundle({ graph, mask: denseMask(graph), state, classes: source.classes, normalization, metadata }),
);
console.log(JSON.stringify(metadata));
await trainer.dispose();
