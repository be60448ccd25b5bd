/**
 * Speed of the tfjs trainer on the wasm backend: GFLOP/s of the three passes of every convolution of ResNet-18
 * (CIFAR shape), then milliseconds per image of a whole training step.
 *
 *   npx nx run client:build && node tools/bench-tfjs.mjs [--batch 32] [--width 64] [--repeat 3] [--clock cpu] [--format json]
 *
 * `--clock cpu` counts the process's own CPU time, for machines that are busy with other things as well.
 */
import { parseArgs } from 'node:util';
import { buildModel, initialState, resolvePadding, inferShapes } from '@espalier/core';
import { createTfjsTrainer } from '@espalier/client/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { convFilterGradient, convForward, convInputGradient } from '../packages/client/dist/tfjs/ops/conv.js';

const { values: flags } = parseArgs({
  options: {
    batch: { type: 'string', default: '32' },
    width: { type: 'string', default: '64' },
    repeat: { type: 'string', default: '3' },
    clock: { type: 'string', default: 'wall' },
    format: { type: 'string', default: 'text' },
  },
});
const batch = Number(flags.batch);
const repeat = Number(flags.repeat);
const now = flags.clock === 'cpu' ? () => process.cpuUsage().user / 1000 : () => performance.now();
const graph = buildModel({ name: 'resnet18', width: Number(flags.width) }, [32, 32, 3], 10);
const trainer = await createTfjsTrainer({ backend: 'wasm' });
await tf.setBackend('wasm');

const layers = timeLayers();
const step = await timeStep();
if (flags.format === 'json') console.log(JSON.stringify({ batch, layers, ...step }, null, 2));
else print();
await trainer.dispose();

/** Best time of each pass per distinct convolution; filters are new each time, as they are in training. */
function timeLayers() {
  const shapes = inferShapes(graph);
  const found = new Map();
  for (const node of graph.nodes.filter(({ op }) => op === 'conv2d')) {
    const [height, width, channels] = shapes.get(node.inputs[0]);
    const geometry = {
      inputShape: [height, width, channels],
      filterShape: [...node.kernelSize, channels, node.filters],
      strides: node.strides,
      padding: resolvePadding(node.padding, [height, width], node.kernelSize, node.strides),
      groups: 1,
    };
    const key = JSON.stringify(geometry);
    const known = found.get(key);
    if (known) known.count++;
    else found.set(key, { node: node.name, count: 1, ...timeConvolution(geometry, shapes.get(node.name)) });
  }
  return [...found.values()];
}

function timeConvolution(geometry, [outHeight, outWidth, filters]) {
  const [kh, kw, channels] = geometry.filterShape;
  const x = tf.randomNormal([batch, ...geometry.inputShape]);
  const dy = tf.randomNormal([batch, outHeight, outWidth, filters]);
  const weights = tf.util.createShuffledIndices(kh * kw * channels * filters);
  const fresh = () => tf.tensor(Float32Array.from(weights), geometry.filterShape);
  const freshSlope = () => tf.add(dy, 1);
  const flops = 2 * batch * outHeight * outWidth * filters * kh * kw * channels;
  const ms = {
    forward: best(() => convForward(x, fresh(), geometry)) - best(fresh),
    inputGradient: best(() => convInputGradient(dy, fresh(), geometry)) - best(fresh),
    filterGradient: best(() => convFilterGradient(x, freshSlope(), geometry)) - best(freshSlope),
  };
  tf.dispose([x, dy]);
  return {
    shape: `${geometry.inputShape.join('x')} -> ${filters}, ${kh}x${kw}/${geometry.strides[0]}`,
    flops,
    ms,
  };
}

function best(run) {
  let shortest = Infinity;
  for (let i = 0; i < repeat + 1; i++) {
    const start = now();
    tf.tidy(() => void run());
    if (i > 0) shortest = Math.min(shortest, now() - start);
  }
  return shortest;
}

async function timeStep() {
  const samples = batch * (repeat + 1);
  const images = Uint8Array.from({ length: samples * 3072 }, (_, i) => (i * 7919) % 251);
  const labels = Uint16Array.from({ length: samples }, (_, i) => i % 10);
  const classes = Array.from({ length: 10 }, (_, i) => String(i));
  const normalization = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
  await trainer.load(graph, initialState(graph, 1), null);
  const marks = [];
  await trainer.train(
    { imageShape: [32, 32, 3], classes, images, labels },
    {
      epochs: 1,
      batchSize: batch,
      learningRate: 0.01,
      optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 },
      normalization,
      augmentation: null,
      momentMode: { kind: 'pooled' },
      proximal: 0,
      stream: { seed: 1, purpose: 'bench' },
      topGradients: [],
    },
    { onProgress: () => marks.push(now()) },
  );
  const train = Math.min(...marks.slice(1).map((mark, i) => mark - marks[i])) / batch;
  const one = { images: new Float32Array(batch * 3072), labels: new Uint16Array(batch), size: batch };
  let forward = Infinity;
  for (let i = 0; i < repeat; i++) {
    const start = now();
    await trainer.predict(one);
    forward = Math.min(forward, now() - start);
  }
  return { msPerImage: { forward: forward / batch, train }, peakBytes: trainer.footprint().peakBytes };
}

function print() {
  const passes = ['forward', 'inputGradient', 'filterGradient'];
  const rate = (flops, ms) => flops / ms / 1e6;
  const cell = (text) => text.padStart(16);
  console.log(`${'layer'.padEnd(32)}  n${passes.map(cell).join('')}  GFLOP/s`);
  for (const { shape, count, flops, ms } of layers) {
    const rates = passes.map((pass) => cell(rate(flops, ms[pass]).toFixed(1)));
    console.log(`${shape.padEnd(32)}${String(count).padStart(3)}${rates.join('')}`);
  }
  const sum = (pick) => layers.reduce((total, layer) => total + layer.count * pick(layer), 0);
  const totals = passes.map((pass) =>
    rate(
      sum(({ flops }) => flops),
      sum(({ ms }) => ms[pass]),
    ),
  );
  const fastest = Math.max(...layers.map(({ flops, ms }) => rate(flops, ms.forward)));
  console.log(`${'all convolutions'.padEnd(35)}${totals.map((total) => cell(total.toFixed(1))).join('')}`);
  const shares = totals.map((total) => cell(`${((100 * total) / fastest).toFixed(0)} %`));
  console.log(`${'of the fastest dense convolution'.padEnd(35)}${shares.join('')}`);
  const { forward, train } = step.msPerImage;
  const peak = (step.peakBytes / 2 ** 20).toFixed(0);
  console.log(
    `forward ${forward.toFixed(1)} ms/image, training step ${train.toFixed(1)} ms/image, peak ${peak} MiB`,
  );
}
