/**
 * `node tools/bench-overhead.mjs --job <file> [--data <folder>] [--set key=value …]`: what a simulation costs beside the
 * arithmetic it is there for. One run with one worker: the CPU seconds of the whole process beside those that the worker
 * spent within its trainer's calls, loading left out. Linux only, which tells a thread's time. Build packages/simulation
 * first.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createWorkerTrainer, openFleetImages } from '../packages/client-node/dist/index.js';
import { parseJob } from '../packages/server/dist/index.js';
import { simulate, TrainerPool } from '../packages/simulation/dist/index.js';
import { CALLS } from './counted-trainer.mjs';

function processSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function main() {
  const { values } = parseArgs({
    options: {
      job: { type: 'string' },
      data: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
    },
  });
  if (values.job === undefined) throw new Error('give a job: --job <file>');
  const job = parseJob(readFileSync(values.job, 'utf8'), { overrides: values.set });
  const folder = values.data ?? null;
  const counts = new SharedArrayBuffer(16 * CALLS.length);
  const module = new URL('counted-trainer.mjs', import.meta.url).href;
  const spec = /** @type {const} */ ({ kind: 'module', module, options: { counts } });
  const pool = new TrainerPool([await createWorkerTrainer({ spec })]);
  const images = await openFleetImages(job, folder);
  const sums = new Float64Array(counts);
  /** @param {number} at */
  const callsOf = (at) => sums[2 * at] ?? 0;
  /** @param {number} at */
  const secondsOf = (at) => sums[2 * at + 1] ?? 0;
  const engineSeconds = () =>
    CALLS.reduce((sum, name, at) => (name === 'load' ? sum : sum + secondsOf(at)), 0);
  const nothing = () => Promise.resolve();
  /** @type {[all: number, engine: number][]} */
  const laps = [];
  const [began, engineBegan] = [processSeconds(), engineSeconds()];
  const lap = () => laps.push([processSeconds() - began, engineSeconds() - engineBegan]);
  const store = {
    checkpoint: nothing,
    restoreMetrics: nothing,
    finish: nothing,
    metrics: () => Promise.resolve(void lap()),
  };
  const { summary, wallSeconds } = await simulate({ job, pool, folder, images, store });
  lap();
  await pool.dispose();

  for (const [at, name] of CALLS.entries())
    if (callsOf(at) > 0) console.log(`${name}: ${callsOf(at)} calls, ${secondsOf(at).toFixed(2)} CPU s`);
  console.log('| until | simulation, CPU s | trainer alone, CPU s | overhead | of what came since |');
  console.log('|---|--:|--:|--:|--:|');
  let [lastAll, lastEngine] = [0, 0];
  for (const [at, [all, engine]] of laps.entries()) {
    const label = at === laps.length - 1 ? 'the end' : `line of round ${at}`;
    /**
     * @param {number} part
     * @param {number} whole
     */
    const percent = (part, whole) => `${(100 * (part / whole - 1)).toFixed(1)} %`;
    const since = engine === lastEngine ? '' : percent(all - lastAll, engine - lastEngine);
    console.log(
      `| ${label} | ${all.toFixed(2)} | ${engine.toFixed(2)} | ${percent(all, engine)} | ${since} |`,
    );
    [lastAll, lastEngine] = [all, engine];
  }
  console.log(`${wallSeconds.toFixed(1)} s; model ${summary.model.hash}`);
}

await main();
