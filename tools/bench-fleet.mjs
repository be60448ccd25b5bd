/**
 * `node --expose-gc tools/bench-fleet.mjs --clients 100,1000,10000 --cohort 10`: simulates fleets of which a cohort of the
 * same size trains in each round, and prints what a round costs, what joining costs, and what a client at rest weighs.
 * The least of the rounds after the first is shown, for other work on the machine only adds to it. Build
 * packages/simulation first.
 */
import { parseArgs } from 'node:util';
import { parseJob } from '../packages/server/dist/index.js';
import { openThreadPool, simulate } from '../packages/simulation/dist/index.js';

const ROUNDS = 6;
const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '100,1000' },
    cohort: { type: 'string', default: '10' },
    workers: { type: 'string', default: '2' },
  },
});
const cohort = Number(values.cohort);

/** @param {number} clients */
const jobOf = (clients) =>
  parseJob(`
name: fleet
method: static
model: { name: resnet20, width: 16 }
data: { kind: procedural, numClasses: 10, samplesPerClass: ${clients}, testSamplesPerClass: 5 }
imageSize: 16
partition: { kind: iid }
numClients: ${clients}
clientsPerRound: ${cohort}
rounds: ${ROUNDS}
localEpochs: 1
batchSize: 10
targetDensity: 0.05
pretrain: { epochs: 0, samplesPerClass: 0 }
`);

let since = process.cpuUsage();

/** Seconds of all threads since the last call. */
function lap() {
  const { user, system } = process.cpuUsage(since);
  since = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Bytes held between rounds, once everything that can go has gone. */
function held() {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/**
 * @typedef {{ cpu: number, seconds: number, up: number, down: number }} Round
 */

/**
 * @param {number} clients
 * @param {import('../packages/simulation/dist/index.js').TrainerPool} pool
 */
async function measure(clients, pool) {
  const nothing = () => Promise.resolve();
  /** @type {Round[]} */
  const rounds = [];
  let memory = Infinity;
  lap();
  await simulate({
    job: jobOf(clients),
    pool,
    folder: null,
    store: {
      checkpoint: nothing,
      restoreMetrics: nothing,
      finish: nothing,
      metrics: ({ seconds, bytes }) => {
        rounds.push({ cpu: lap(), seconds, up: bytes.up, down: bytes.down });
        memory = Math.min(memory, held());
        lap();
        return Promise.resolve();
      },
    },
  });
  const [first, ...later] = rounds;
  if (first === undefined) throw new Error('the run had no rounds');
  /** @param {(round: Round) => number} figure */
  const least = (figure) => Math.min(...later.map(figure));
  return {
    clients,
    joining: first.cpu,
    cpu: least((round) => round.cpu),
    seconds: least((round) => round.seconds),
    bytes: least((round) => round.up + round.down),
    memory,
  };
}

const pool = await openThreadPool({ workers: Number(values.workers) });
console.log(
  '| clients | cohort | seconds a round | CPU seconds a round | bytes a round | joining and first round, CPU s | held | a client at rest |',
);
console.log('|--:|--:|--:|--:|--:|--:|--:|--:|');
/** @type {{ clients: number, memory: number } | null} */
let base = null;
for (const clients of values.clients.split(',').map(Number)) {
  const { joining, cpu, seconds, bytes, memory } = await measure(clients, pool);
  base ??= { clients, memory };
  const more = clients - base.clients;
  const each = more > 0 ? `${((memory - base.memory) / more / 1000).toFixed(0)} kB` : '';
  console.log(
    `| ${clients} | ${cohort} | ${seconds.toFixed(2)} | ${cpu.toFixed(2)} | ${bytes} | ${joining.toFixed(1)} | ${(memory / 1e6).toFixed(0)} MB | ${each} |`,
  );
}
await pool.dispose();
