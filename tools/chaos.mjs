/**
 * `npm run chaos`: kills real coordinator and client processes (`kill -9`) at seeded random instants of a FedTiny job
 * with the default quorum and time limits, starts them again, and compares the model with the one of a run that was left
 * alone. Ends with one line of figures.
 * With `--scenario <file>` the faults of a file of e2e/scenarios strike instead, which also cut and delay connections
 * and stop processes.
 * Flags: `--kills <n>` (20), `--seed <n>` (1), `--rounds <n>` (twenty a kill, so that kills fall within the
 * run), `--verbose` (shows what the processes say).
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { tinyJobText } from '@espalier/server/testing';
import { playScenario, readScenario } from './chaos/scenario.mjs';
import {
  endProcesses,
  freePort,
  seededRandom,
  sleep,
  startCoordinator,
  startEspalier,
  summaryOf,
} from './processes.mjs';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string' },
    scenario: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const scenario = values.scenario === undefined ? null : await readScenario(values.scenario);
const clients = scenario?.clients ?? 3;
const kills = Number(values.kills);
const rounds = Number(values.rounds ?? scenario?.rounds ?? 20 * kills);
const random = seededRandom(Number(values.seed));
const job = tinyJobText({
  name: 'chaos',
  numClients: clients,
  rounds,
  pruning: { interval: 2, stopRound: rounds },
  ...(scenario === null ? {} : { quorum: scenario.quorum, roundTimeout: 600, returnTimeout: 600 }),
});

const started = performance.now();
const folder = await mkdtemp(join(tmpdir(), 'espalier-chaos-'));
let code = 1;
try {
  const file = join(folder, 'job.yaml');
  await writeFile(file, job);
  const calm = await runJob(file, join(folder, 'calm'), 0);
  if (scenario === null) await killAtRandom(file, calm);
  else await underScenario(scenario, file, calm);
} finally {
  endProcesses();
  await rm(folder, { recursive: true, force: true });
}
process.exit(code);

/**
 * @typedef {import('@espalier/core/report').RunSummary} Summary
 * @typedef {{ summary: Summary, kills: number, coordinators: number }} Outcome
 */

/**
 * @param {string} file
 * @param {Outcome} calm
 */
async function killAtRandom(file, calm) {
  const wild = await runJob(file, join(folder, 'wild'), kills);
  const same = sameEnd(calm.summary, wild.summary);
  code = same && wild.kills === kills ? 0 : 1;
  console.log(
    `chaos: ${wild.kills} kills (${wild.coordinators} coordinator, ${wild.kills - wild.coordinators} client), ${figures(wild.summary, same)}, seed ${values.seed}`,
  );
}

/**
 * @param {import('./chaos/scenario.mjs').Scenario} faults
 * @param {string} file
 * @param {Outcome} calm
 */
async function underScenario(faults, file, calm) {
  const { verbose } = values;
  const {
    folder: run,
    struck,
    leftOut,
  } = await playScenario(faults, { file, out: join(folder, 'wild'), verbose });
  const summary = await ended(run);
  const same = sameEnd(calm.summary, summary);
  code = same ? 0 : 1;
  const rest = leftOut === 0 ? '' : `, ${leftOut} in memory only`;
  console.log(`chaos: ${struck} faults of ${values.scenario}${rest}, ${figures(summary, same)}`);
}

/**
 * @param {Summary} calm
 * @param {Summary} wild
 */
function sameEnd(calm, wild) {
  return calm.model.hash === wild.model.hash && calm.mask.hash === wild.mask.hash;
}

/**
 * @param {Summary} summary
 * @param {boolean} same
 */
function figures(summary, same) {
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  return `${summary.rounds} rounds, model ${same ? 'identical' : 'DIFFERENT'} ${summary.model.hash.slice(0, 16)}, ${seconds} s`;
}

/**
 * One run from beginning to end with that many kills; gives its summary.
 * @param {string} file
 * @param {string} out
 * @param {number} wanted
 * @returns {Promise<Outcome>}
 */
async function runJob(file, out, wanted) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let server = startServer(['--job', file, '--out', out], port);
  const { joinToken, folder: run } = await server.listening;
  const parts = Array.from({ length: clients }, (_, part) => superviseClient(part, url, joinToken));
  let done = 0;
  let coordinators = 0;
  while (done < wanted) {
    await sleep(50 + 950 * random());
    if (await summaryOf(run))
      throw new Error(`the run ended after ${done} of ${wanted} kills: give it more --rounds`);
    if (random() < 0.6) {
      await server.end('SIGKILL');
      const back = parts.map((part) => part.says(/taking part/));
      server = startServer(['--resume', run], port);
      coordinators++;
      await server.listening;
      // The next instant is drawn from the time in which there is work to lose.
      await Promise.race([server.ended, ...back]);
    } else {
      const part = Math.floor(clients * random());
      await parts[part]?.kill();
    }
    done++;
  }
  const status = await server.ended;
  if (status !== 0) throw new Error(`the coordinator ended with code ${status}:\n${server.text()}`);
  for (const part of parts) await part.stop();
  return { summary: await ended(run), kills: done, coordinators };
}

/**
 * @param {readonly string[]} args
 * @param {number} port
 */
function startServer(args, port) {
  return startCoordinator([...args, '--port', String(port)], { verbose: values.verbose });
}

/**
 * A client that is started again whenever it ends, killed or not: one that has never met its coordinator gives up soon.
 * @param {number} part
 * @param {string} url
 * @param {string} token
 */
function superviseClient(part, url, token) {
  let process = startClient(part, url, token);
  const state = { over: false };
  const isOver = () => state.over;
  const watch = async () => {
    for (;;) {
      await process.ended;
      await sleep(500);
      if (state.over) return;
      process = startClient(part, url, token);
    }
  };
  const watched = watch();
  return {
    kill: () => process.end('SIGKILL'),
    /** Resolves when it says so from now on, whether it has been started again meanwhile or not. */
    says: async (/** @type {RegExp} */ pattern) => {
      let [current, from] = [process, process.text().length];
      while (!state.over) {
        const heard = await current.line(pattern, from).catch(() => null);
        if (heard !== null) return;
        while (current === process && !isOver()) await sleep(50);
        [current, from] = [process, 0];
      }
    },
    stop: async () => {
      state.over = true;
      await process.end('SIGKILL');
      await watched;
    },
  };
}

/**
 * @param {number} part
 * @param {string} url
 * @param {string} token
 */
function startClient(part, url, token) {
  return startEspalier(['join', url, '--token', token, '--part', `${part + 1}/${clients}`], {
    verbose: values.verbose,
  });
}

/**
 * The summary of a run that has ended.
 * @param {string} run
 */
async function ended(run) {
  const summary = await summaryOf(run);
  if (summary === null) throw new Error(`${run} has no summary`);
  return summary;
}
