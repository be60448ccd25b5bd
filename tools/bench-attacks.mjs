/**
 * `node tools/bench-attacks.mjs`: what each aggregation rule holds off. Whole runs of the coordinator and its clients in
 * this process, of five clients, of whom none, one or two send their update with its sign flipped and ten times as long;
 * prints the test accuracy as a table. A job that the coordinator refuses says so in its cell. Flags: `--rounds <n>` (10),
 * `--seeds <n>` (3).
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { runClient } from '@espalier/client';
import { createNodeTrainer, openModel, prepareClientData, prepareServerData } from '@espalier/client-node';
import { memoryConnectionPair } from '@espalier/proto';
import { parseJob } from '@espalier/server';
import { Coordinator, memoryJournal, noStore } from '@espalier/server/coordinator';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '10' }, seeds: { type: 'string', default: '3' } },
});
const clients = 5;
const rounds = Number(values.rounds);
const seeds = Array.from({ length: Number(values.seeds) }, (_, k) => k + 1);

const rules = [
  '{ kind: weightedMean }',
  '{ kind: weightedMean, clip: { kind: median } }',
  '{ kind: trimmedMean, trim: 0.2 }',
  '{ kind: trimmedMean, trim: 0.4 }',
  '{ kind: median }',
  '{ kind: krum, hostile: 0.2 }',
  '{ kind: krum, hostile: 0.2, select: 1 }',
  '{ kind: krum, hostile: 0.4 }',
];

const jobOf = (rule, seed) => `
name: attacks
seed: ${seed}
method: fedavg
model: { name: cnn-small, width: 4 }
data: { kind: procedural, numClasses: 4, samplesPerClass: 100, testSamplesPerClass: 50 }
imageSize: 12
partition: { kind: iid }
numClients: ${clients}
rounds: ${rounds}
localEpochs: 2
batchSize: 16
learningRate: 0.05
pretrain: { epochs: 0, samplesPerClass: 0 }
aggregation: ${rule}
quorum: 1
`;

const trainer = await createNodeTrainer();
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const schedule = (seconds, callback) => {
  const timer = setTimeout(callback, 1000 * seconds);
  return () => clearTimeout(timer);
};
const clock = () => performance.now() / 1000;

console.log(`| \`aggregation\` | none hostile | 1 of ${clients} | 2 of ${clients} |\n|---|--:|--:|--:|`);
for (const rule of rules) {
  const cells = [];
  for (const hostile of [0, 1, 2]) cells.push(await cell(rule, hostile));
  console.log(`| \`${rule}\` | ${cells.join(' | ')} |`);
}
await trainer.dispose();

/** Mean accuracy over the seeds with the lowest and highest, or why there is none. */
async function cell(rule, hostile) {
  const accuracies = [];
  for (const seed of seeds) {
    let job;
    try {
      job = parseJob(jobOf(rule, seed));
    } catch (error) {
      if (error.code !== 'invalid_job') throw error;
      return 'refused';
    }
    accuracies.push(await accuracyOf(job, hostile));
  }
  const percent = (share) => (100 * share).toFixed(1);
  const mean = accuracies.reduce((sum, one) => sum + one, 0) / accuracies.length;
  return `${percent(mean)} % (${percent(Math.min(...accuracies))}–${percent(Math.max(...accuracies))})`;
}

async function accuracyOf(job, hostile) {
  const { server, test, classes } = await prepareServerData(job, null);
  const { graph, initial } = await openModel(job, classes.length);
  const coordinator = new Coordinator({
    ...{ job, classes, graph, initial, trainer, serverData: server, testData: test },
    serverSamplesPerClass: job.pretrain.samplesPerClass,
    admission: null,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    ...{ schedule, clock, log: silent, store: noStore, journal: memoryJournal() },
  });
  const ended = Array.from({ length: clients }, (_, part) => {
    const makeTrainer = async () =>
      part < hostile ? flipping(await createNodeTrainer()) : createNodeTrainer();
    return runClient({
      connect: () => {
        const [near, far] = memoryConnectionPair();
        coordinator.accept(near);
        return Promise.resolve(far);
      },
      loadData: (told) => prepareClientData(told, { folder: null, part }),
      ...{ makeTrainer, token: null, name: `part ${part + 1}`, part, schedule, clock },
      profile: { memoryBytes: 0, macsPerSecond: 0, platform: 'bench' },
    }).ended;
  });
  const { state, mask } = await coordinator.ended;
  await Promise.all(ended);
  await trainer.load(graph, state, mask);
  const { correct, samples } = await trainer.evaluate(test, {
    batchSize: 100,
    normalization: job.normalization,
  });
  return correct / samples;
}

/** A trainer that reports minus ten times what it learned; its batch-norm statistics stay as they are. */
function flipping(honest) {
  let began = null;
  return new Proxy(honest, {
    get: (target, name) => {
      if (name === 'load')
        return async (graph, state, mask) => {
          began = state;
          return target.load(graph, state, mask);
        };
      if (name === 'train')
        return async (...given) => {
          const result = await target.train(...given);
          const params = new Map(
            [...result.state.params].map(([param, trained]) => [
              param,
              trained.map((value, i) => {
                const from = began.params.get(param)[i];
                return from - 10 * (value - from);
              }),
            ]),
          );
          return { ...result, state: { ...result.state, params } };
        };
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
