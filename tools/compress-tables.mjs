/**
 * The tables of docs/results/compress.md, from the networks in examples/models and CIFAR-10 as an image folder:
 *   node tools/compress-tables.mjs --data <folder> [--cells <file>] [--images 500]   measures the missing cells
 *   node tools/compress-tables.mjs --table [--cells <file>]                           prints the tables
 * A seed picks the test images, the clients' shares and everything random. Build packages/client-node and proto first.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createNodeTrainer, defaultCacheFolder, openSource } from '../packages/client-node/dist/index.js';
import { datasetSize, mergeMoments, randomStream, shuffled, subset } from '../packages/core/dist/index.js';
import { compressModel } from '../packages/core/dist/doors/compression.js';
import { decodeBundle } from '../proto/dist/index.js';
import { root } from './workspace.mjs';

const { values: flags } = parseArgs({
  options: {
    data: { type: 'string' },
    cells: { type: 'string', default: join(root, 'docs/results/compress/cells.jsonl') },
    images: { type: 'string', default: '500' },
    models: { type: 'string', default: 'resnet20,vgg11-bn' },
    table: { type: 'boolean', default: false },
  },
});

const SEEDS = [1, 2];
const CRITERIA = ['magnitude', 'synflow', 'random'];
const ALLOCATIONS = ['uniform', 'erk', 'global', 'lamp', 'pqi', 'distortion'];
const BITS = [8, 6, 4];
const CLIENTS = 4;
const IMAGES_PER_CLIENT = 125;
const read = () =>
  existsSync(flags.cells)
    ? readFileSync(flags.cells, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];
const keyOf = ({ accuracy, federated, density, ...cell }) => JSON.stringify(cell);

/** Everything that is to be measured of one network, the most telling first. */
function cellsOf(model) {
  const cells = SEEDS.map((seed) => ({ model, table: 'original', seed }));
  const channels = (repair, quantizer, bitWidths) => {
    for (const removed of [0.3, 0.1, 0.5])
      for (const bits of bitWidths)
        for (const seed of SEEDS)
          cells.push({ model, table: 'channels', removed, bits, repair, quantizer, seed });
  };
  channels('none', 'uniform', [6, 8, 4]);
  channels('udfc', 'uniform', [6, 8, 4]);
  const weights = (criterion, allocations) => {
    for (const kept of [0.5, 0.2, 0.1, 0.05])
      for (const allocation of allocations)
        for (const seed of SEEDS)
          cells.push({ model, table: 'weights', kept, criterion, allocation, repair: 'none', seed });
  };
  channels('udfc', 'apot', [4, 6, 8]);
  channels('obspa', 'uniform', [6]);
  for (const bits of BITS)
    for (const repair of ['none', 'udfc'])
      for (const quantizer of ['uniform', 'apot'])
        for (const seed of SEEDS) cells.push({ model, table: 'rounding', bits, repair, quantizer, seed });
  for (const criterion of CRITERIA) weights(criterion, ALLOCATIONS);
  return cells;
}

function optionsOf({ table, removed, bits, repair, quantizer, kept, criterion, allocation, seed }) {
  return {
    access: 'synthetic',
    channels:
      table === 'channels'
        ? { target: { kind: 'channels', value: 1 - removed }, spread: 'uniform', criterion: 'magnitude' }
        : null,
    weights:
      table === 'weights'
        ? {
            density: kept,
            criterion,
            allocation,
            layerFloor: 0.01,
            iterations: passesOf(criterion, allocation),
          }
        : null,
    rounding: bits ? { bits, quantizer } : null,
    repair: repair ?? 'none',
    samples: 64,
    seed,
  };
}

/** SynFlow is meant for many passes; distortions are measured once, for every pass would measure them anew. */
const passesOf = (criterion, allocation) => (criterion === 'synflow' && allocation !== 'distortion' ? 20 : 1);

/** True when the compression itself depends on the seed: scores are drawn, or images are made up. */
const drawn = ({ criterion, allocation, repair }) =>
  criterion === 'random' || allocation === 'distortion' || repair === 'obspa';

if (flags.table) print();
else await measure();

async function measure() {
  const source = await openSource({
    spec: { kind: 'imageFolder', samplesPerClass: null, testSamplesPerClass: null, testFraction: 0 },
    imageShape: [32, 32, 3],
    seed: 1,
    folder: flags.data,
    cache: defaultCacheFolder(),
  });
  const { dataset: test } = await source.loadTest();
  const trainer = await createNodeTrainer({ backend: 'engine' });
  const draw = (count, size, seed, purpose) =>
    shuffled(
      Array.from({ length: size }, (_, i) => i),
      randomStream({ seed, purpose }),
    ).slice(0, count);
  const sets = new Map();
  for (const seed of SEEDS) {
    const order = draw(CLIENTS * IMAGES_PER_CLIENT, source.labels.length, seed, 'clients');
    const clients = [];
    for (let k = 0; k < CLIENTS; k++)
      clients.push(
        (await source.load(order.slice(k * IMAGES_PER_CLIENT, (k + 1) * IMAGES_PER_CLIENT))).dataset,
      );
    sets.set(seed, {
      test: subset(test, draw(Number(flags.images), datasetSize(test), seed, 'test')),
      clients,
    });
  }
  for (const name of flags.models.split(',')) {
    const { graph, state, normalization } = decodeBundle(
      new Uint8Array(readFileSync(join(root, `examples/models/${name}-cifar10.espalier`))),
    );
    const accuracy = async (dataset) => {
      const { correct, samples } = await trainer.evaluate(dataset, { batchSize: 100, normalization });
      return correct / samples;
    };
    const done = new Set(read().map(keyOf));
    let last = null;
    for (const cell of cellsOf(name).filter((each) => !done.has(keyOf(each)))) {
      const { test: images, clients } = sets.get(cell.seed);
      // Seeds follow each other, and most of what is compressed does not depend on them.
      const { seed, ...rest } = cell;
      const key = JSON.stringify(drawn(cell) ? cell : rest);
      const result =
        last?.key === key
          ? last.result
          : cell.table === 'original'
            ? { graph, state, mask: null }
            : await compressModel({ graph, state, normalization }, optionsOf(cell), trainer).catch(
                (error) => error,
              );
      last = { key, result };
      if (result instanceof Error) {
        appendFileSync(
          flags.cells,
          `${JSON.stringify({ ...cell, accuracy: null, federated: null, density: result.message })}\n`,
        );
        continue;
      }
      const mask = result.mask?.density < 1 ? result.mask : null;
      await trainer.load(result.graph, result.state, mask);
      const plain = await accuracy(images);
      const reports = [];
      for (const client of clients) {
        const moments = await trainer.batchNormMoments(client, {
          batchSize: IMAGES_PER_CLIENT,
          normalization,
          mode: { kind: 'pooled' },
        });
        reports.push({ samples: IMAGES_PER_CLIENT, moments });
      }
      await trainer.load(result.graph, { ...result.state, moments: mergeMoments(reports) }, mask);
      const line = {
        ...cell,
        accuracy: plain,
        federated: await accuracy(images),
        density: mask?.density ?? 1,
      };
      appendFileSync(flags.cells, `${JSON.stringify(line)}\n`);
      console.log(JSON.stringify(line));
    }
  }
  await trainer.dispose();
}

function print() {
  const cells = read();
  const mean = (chosen, key) => chosen.reduce((sum, cell) => sum + cell[key], 0) / chosen.length;
  const shown = (chosen) =>
    chosen.length === 0 || chosen.some((cell) => cell.accuracy === null)
      ? '–'
      : `${(100 * mean(chosen, 'accuracy')).toFixed(1)} / ${(100 * mean(chosen, 'federated')).toFixed(1)}`;
  for (const model of new Set(cells.map((cell) => cell.model))) {
    const own = cells.filter((cell) => cell.model === model);
    const where = (part) =>
      own.filter((cell) => Object.entries(part).every(([key, value]) => cell[key] === value));
    console.log(`\n### ${model}: ${shown(where({ table: 'original' }))} % uncompressed\n`);
    table(
      ['channels removed', 'bits'],
      ['plain removal and rounding', 'UDFC', 'UDFC, powers of two', 'least squares on synthetic images'],
      [0.1, 0.3, 0.5].flatMap((removed) =>
        BITS.map((bits) => [[`${100 * removed} %`, bits], { table: 'channels', removed, bits }]),
      ),
      [
        ['none', 'uniform'],
        ['udfc', 'uniform'],
        ['udfc', 'apot'],
        ['obspa', 'uniform'],
      ].map(([repair, quantizer]) => ({ repair, quantizer })),
    );
    table(
      ['bits'],
      ['plain, uniform', 'UDFC, uniform', 'plain, powers of two', 'UDFC, powers of two'],
      BITS.map((bits) => [[bits], { table: 'rounding', bits }]),
      ['uniform', 'apot'].flatMap((quantizer) => ['none', 'udfc'].map((repair) => ({ repair, quantizer }))),
    );
    table(
      ['density', 'criterion'],
      ALLOCATIONS,
      [0.5, 0.2, 0.1, 0.05].flatMap((kept) =>
        CRITERIA.map((criterion) => [[kept, criterion], { table: 'weights', kept, criterion }]),
      ),
      ALLOCATIONS.map((allocation) => ({ allocation })),
    );
    /** Rows and columns that nothing was measured for are left out. */
    function table(heads, columns, rows, parts) {
      const body = rows.map(([names, row]) => [
        names,
        parts.map((part) => shown(where({ ...row, ...part }))),
      ]);
      const filled = columns.map((_, i) => body.some(([, values]) => values[i] !== '–'));
      const line = (names, values) =>
        console.log(`| ${[...names, ...values.filter((_, i) => filled[i])].join(' | ')} |`);
      console.log('');
      line(heads, columns);
      line(
        heads.map(() => '---'),
        columns.map(() => '--:'),
      );
      for (const [names, values] of body) if (values.some((value) => value !== '–')) line(names, values);
    }
  }
}
