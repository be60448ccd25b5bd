/**
 * `node tools/bench-overhead.mjs --job <file> [--data <folder>] [--set key=value …]`: what a simulation costs beside the
 * arithmetic it is there for. Runs the job with one worker thread and takes the CPU seconds of the whole process; then
 * runs it once more with a trainer on this thread and takes the CPU seconds within the trainer's calls alone, loading left
 * out. Build packages/simulation first.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createNodeTrainer, openFleetImages } from '../packages/client-node/dist/index.js';
import { parseJob } from '../packages/server/dist/index.js';
import { openThreadPool, simulate, TrainerPool } from '../packages/simulation/dist/index.js';

const { values } = parseArgs({
  options: {
    job: { type: 'string' },
    data: { type: 'string' },
    set: { type: 'string', multiple: true, default: [] },
  },
});
const job = parseJob(readFileSync(values.job, 'utf8'), { overrides: values.set });
const folder = values.data ?? null;

function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** The trainer, with the calls and CPU seconds of each kind counted. */
function counted(trainer, kinds) {
  const wrapped = {
    name: trainer.name,
    ops: trainer.ops,
    footprint: () => trainer.footprint(),
    dispose: () => trainer.dispose(),
  };
  for (const name of ['load', 'train', 'gradients', 'topGradients', 'batchNormMoments', 'evaluate']) {
    const kind = (kinds[name] = { calls: 0, seconds: 0 });
    wrapped[name] = async (...given) => {
      const before = cpu();
      try {
        return await trainer[name](...given);
      } finally {
        kind.calls++;
        kind.seconds += cpu() - before;
      }
    };
  }
  return wrapped;
}

const images = await openFleetImages(job, folder);
const nothing = () => Promise.resolve();

/** CPU seconds of each round's line, and of all. */
async function run(pool) {
  const laps = [];
  const began = cpu();
  const metrics = () => Promise.resolve(void laps.push(cpu() - began));
  const store = { checkpoint: nothing, restoreMetrics: nothing, finish: nothing, metrics };
  const { summary, wallSeconds } = await simulate({ job, pool, folder, images, store });
  return { seconds: cpu() - began, laps, wallSeconds, hash: summary.model.hash };
}

const threads = await openThreadPool({ workers: 1 });
const simulated = await run(threads);
await threads.dispose();

const kinds = {};
const bare = new TrainerPool([counted(await createNodeTrainer(), kinds)]);
const again = await run(bare);
await bare.dispose();

const { load, ...calls } = kinds;
const alone = Object.values(calls).reduce((sum, { seconds }) => sum + seconds, 0);
for (const [name, { calls: count, seconds }] of Object.entries(kinds))
  if (count > 0) console.log(`${name}: ${count} calls, ${seconds.toFixed(2)} CPU s`);
console.log(`CPU s until each round's line: ${simulated.laps.map((each) => each.toFixed(1)).join(', ')}`);
console.log(`engine alone ${alone.toFixed(2)} CPU s, simulation ${simulated.seconds.toFixed(2)} CPU s`);
console.log(`overhead ${(100 * (simulated.seconds / alone - 1)).toFixed(1)} %`);
console.log(
  `model ${simulated.hash}${again.hash === simulated.hash ? '' : `, but ${again.hash} on one thread`}`,
);
