/**
 * `node tools/bench-moments.mjs --job <file> [--data <folder>] [--set key=value …] [--modes fresh,fresh:100,pooled,trained]`: the
 * accuracy of a simulated run's final model with the batch-norm moments that it ships with, beside that with moments
 * recomputed over all clients' training data at the same weights. `fresh:100` measures 100 samples a client; `trained` is a pass of every client at the weights that
 * it has just trained, which costs no message more. Build packages/simulation first.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { mergeMoments } from '../packages/core/dist/index.js';
import { createNodeTrainer, divideFleet, openFleetImages } from '../packages/client-node/dist/index.js';
import { parseJob } from '../packages/server/dist/index.js';
import { simulate, TrainerPool } from '../packages/simulation/dist/index.js';

const BATCH = 64;

const nothing = () => Promise.resolve();
const store = { checkpoint: nothing, restoreMetrics: nothing, finish: nothing, metrics: nothing };

/** A trainer whose training ends with a pass over the same samples at the trained weights. */
function measuringAfterwards(trainer) {
  const train = async (dataset, options, control) => {
    const result = await trainer.train(dataset, options, control);
    const { batchSize, normalization } = options;
    const measuring = { mode: { kind: 'pooled' }, batchSize: Math.max(BATCH, batchSize), normalization };
    const moments = await trainer.batchNormMoments(dataset, measuring);
    return { ...result, state: { params: result.state.params, moments } };
  };
  return new Proxy(trainer, {
    get: (target, key) => {
      if (key === 'train') return train;
      const value = target[key];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Moments of the model's weights over all clients' training samples, pooled exactly. */
async function recomputed(trainer, { graph, mask, state }, clients, { normalization }) {
  await trainer.load(graph, state, mask);
  const parts = [];
  for (const { train } of clients) {
    const measuring = { mode: { kind: 'pooled' }, batchSize: BATCH, normalization };
    parts.push({ moments: await trainer.batchNormMoments(train, measuring), samples: train.labels.length });
  }
  return mergeMoments(parts, 'pooled');
}

async function accuracy(trainer, { graph, mask, state }, test, { normalization }) {
  await trainer.load(graph, state, mask);
  const { correct, samples } = await trainer.evaluate(test, { batchSize: BATCH, normalization });
  return (100 * correct) / samples;
}

async function main() {
  const { values } = parseArgs({
    options: {
      job: { type: 'string' },
      data: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
      modes: { type: 'string', default: 'fresh,pooled,trained' },
    },
  });
  const folder = values.data ?? null;
  const text = readFileSync(values.job, 'utf8');
  console.log(
    '| moments | shipped, % | recomputed, % | difference | train MACs | moment MACs | up, MB | down, MB | s |',
  );
  console.log('|---|--:|--:|--:|--:|--:|--:|--:|--:|');
  for (const mode of values.modes.split(',')) {
    const [kind, samples] = (mode === 'trained' ? 'pooled' : mode).split(':');
    const setting = samples === undefined ? kind : `{ kind: ${kind}, samples: ${samples} }`;
    const job = parseJob(text, { overrides: [...values.set, `momentMode=${setting}`] });
    const images = await openFleetImages(job, folder);
    const { clients, test } = await divideFleet(images, job);
    const plain = await Promise.all([createNodeTrainer(), createNodeTrainer()]);
    const pool = new TrainerPool(mode === 'trained' ? plain.map(measuringAfterwards) : plain);
    const run = await simulate({ job, pool, folder, images, store });
    const [trainer] = plain;
    const shipped = await accuracy(trainer, run, test, job);
    const moments = await recomputed(trainer, run, clients, job);
    const own = await accuracy(trainer, { ...run, state: { ...run.state, moments } }, test, job);
    await pool.dispose();
    const { macs, bytes } = run.summary;
    const cells = [
      mode,
      shipped.toFixed(1),
      own.toFixed(1),
      (shipped - own).toFixed(1),
      macs.train.toExponential(2),
      macs.moments.toExponential(2),
      (bytes.up / 1e6).toFixed(2),
      (bytes.down / 1e6).toFixed(2),
      run.wallSeconds.toFixed(0),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

await main();
