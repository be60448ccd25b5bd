/**
 * `node --expose-gc tools/bench-fleet.mjs --clients 1000 --cohort 10`: simulates a fleet of which a small cohort trains in
 * each round, and prints every round's seconds and the memory between rounds. Build packages/simulation first.
 */
import { parseArgs } from 'node:util';
import { parseJob } from '../packages/server/dist/index.js';
import { openThreadPool, simulate } from '../packages/simulation/dist/index.js';

const { values } = parseArgs({
  options: { clients: { type: 'string', default: '1000' }, cohort: { type: 'string', default: '10' } },
});
const [clients, cohort] = [Number(values.clients), Number(values.cohort)];

const job = parseJob(`
name: fleet
method: static
model: { name: resnet20, width: 16 }
data: { kind: procedural, numClasses: 10, samplesPerClass: ${clients}, testSamplesPerClass: 5 }
imageSize: 16
partition: { kind: iid }
numClients: ${clients}
clientsPerRound: ${cohort}
rounds: 6
localEpochs: 1
batchSize: 10
targetDensity: 0.05
pretrain: { epochs: 0, samplesPerClass: 0 }
`);

const pool = await openThreadPool({ workers: 2 });
const nothing = () => Promise.resolve();
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
const { wallSeconds } = await simulate({
  job,
  pool,
  folder: null,
  store: {
    checkpoint: nothing,
    restoreMetrics: nothing,
    finish: nothing,
    metrics: ({ round, seconds }) => {
      globalThis.gc?.();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      console.log(
        `round ${round}: ${seconds.toFixed(2)} s, heap ${megabytes(heapUsed)}, buffers ${megabytes(arrayBuffers)}`,
      );
      return Promise.resolve();
    },
  },
});
console.log(`${clients} clients, ${cohort} a round: ${wallSeconds.toFixed(1)} s in all`);
await pool.dispose();
