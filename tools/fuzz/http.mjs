/**
 * The part of `npm run fuzz` below the frames: raw bytes over TCP at a live coordinator (`espalier serve`). Request lines,
 * headers and bodies of every kind, half-sent, pipelined, and upgrades that are abused before and after they succeed.
 * Meanwhile honest requests are answered; afterwards memory and descriptors are as before, no handler has failed, and
 * honest clients run the job to its end. Ends with one line of figures. Flags: `--requests <n>` (100,000), `--seed <n>`
 * (1), `--peers <n>` connections at a time (48), `--verbose`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { tinyJobText } from '@espalier/server/testing';
import {
  endProcesses,
  seededRandom,
  sleep,
  startCoordinator,
  startEspalier,
  summaryOf,
} from '../processes.mjs';
import { HttpTally, misbehaveOnce } from './http-peer.mjs';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    peers: { type: 'string', default: '48' },
    verbose: { type: 'boolean', default: false },
  },
});
const wanted = Number(values.requests);
const rounds = 2;
/** Most bytes by which the coordinator's live memory may be above what it was after a fifth of the requests. */
const GROWTH = 32e6;
/** Descriptors that may come and go: the prober's own connections, and files of the moment. */
const SPARE_DESCRIPTORS = 4;
/** Seconds for what a peer has left behind to be cleared away: the longest timeout of the server, and some. */
const SETTLE = 75;
const job = tinyJobText({
  name: 'fuzz',
  method: 'fedavg',
  numClients: 1,
  rounds,
  targetDensity: 1,
  pruning: { interval: 2, stopRound: rounds },
  joinTimeout: 36_000,
});

const started = performance.now();
const tally = new HttpTally();
/** @type {string[]} */
const problems = [];
const folder = await mkdtemp(join(tmpdir(), 'espalier-fuzz-http-'));
let code = 1;
try {
  await writeFile(join(folder, 'job.yaml'), job);
  const server = startCoordinator(['--job', join(folder, 'job.yaml'), '--out', folder, '--port', '0'], {
    verbose: values.verbose,
  });
  const where = await server.listening;
  const { slowest, growth, left } = await attacked(where, server);
  const honest = startEspalier(['join', where.url, '--token', where.joinToken, '--part', '1/1']);
  if ((await honest.ended) !== 0) problems.push(`an honest client failed:\n${honest.text()}`);
  const status = await server.ended;
  if (status !== 0) problems.push(`the coordinator ended with ${status}:\n${server.text()}`);
  const summary = await summaryOf(where.folder);
  if (summary?.rounds !== rounds) problems.push(`${summary?.rounds ?? 'no'} rounds of ${rounds}`);
  const { internal = 0 } = summary?.refusals ?? {};
  if (internal > 0) problems.push(`handlers failed ${internal} times`);
  if (values.verbose) console.error(tally.kinds, tally.statuses, summary?.refusals);
  code = problems.length === 0 ? 0 : 1;
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    `fuzz http: ${tally.requests} requests over ${tally.connections} connections, ${Object.keys(tally.statuses).length} statuses, ${tally.mistakes.length + internal} failed handlers, memory ${signed(growth / 1e6)} MB, descriptors ${signed(left)}, slowest honest answer ${slowest.toFixed(0)} ms, ${summary?.rounds ?? 0} honest rounds after it, ${seconds} s, seed ${values.seed}`,
  );
} catch (error) {
  problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
} finally {
  for (const problem of problems) console.error(problem);
  endProcesses();
  await rm(folder, { recursive: true, force: true });
}
process.exit(problems.length === 0 ? code : 1);

/**
 * @typedef {import('../processes.mjs').Listening} Listening
 * @typedef {{ bytes: number, descriptors: number }} Figures
 * @typedef {{ share: number, bytes: number }} Sample
 */

/**
 * All peers until enough requests have left, then until nothing of them is left.
 * @param {Listening} where
 * @param {import('../processes.mjs').RunningCoordinator} server
 */
async function attacked({ url, adminToken: admin }, server) {
  const port = Number(new URL(url).port);
  for (let warm = 0; warm < 5; warm++) await probe(url);
  const before = await figures(url, admin);
  const watch = watchServer(url, admin);
  const isOver = () => tally.requests >= wanted || problems.length > 0;
  const peers = Array.from({ length: Number(values.peers) }, async (_, peer) => {
    const random = seededRandom(1000 * Number(values.seed) + peer);
    while (!isOver()) await misbehaveOnce(port, random, { tally, admin });
  });
  await Promise.race([Promise.all(peers), server.ended]);
  const { slowest, samples } = await watch.end();
  for (const asked of tally.mistakes.slice(0, 3))
    problems.push(`answered with 500: ${JSON.stringify(asked)}`);
  if (problems.length > 0) return { slowest, growth: 0, left: 0 };
  return { slowest, ...(await settled({ url, admin, before, samples })) };
}

/**
 * Waits until descriptors and memory are as they were; a problem where they do not come to be.
 * @param {{ url: string, admin: string, before: Figures, samples: readonly Sample[] }} state
 */
async function settled({ url, admin, before, samples }) {
  const early = Math.min(
    ...samples.filter(({ share }) => share >= 0.1 && share <= 0.4).map(({ bytes }) => bytes),
    Infinity,
  );
  const reference = Number.isFinite(early) ? early : before.bytes;
  let left = Infinity;
  let growth = Infinity;
  const ends = performance.now() + 1000 * SETTLE;
  while (performance.now() < ends) {
    const now = await figures(url, admin);
    left = now.descriptors - before.descriptors;
    growth = Math.min(growth, now.bytes - reference);
    if (left <= SPARE_DESCRIPTORS && growth <= GROWTH) return { left, growth };
    await sleep(250);
  }
  problems.push(
    `after ${SETTLE} s ${left} more descriptors and ${(growth / 1e6).toFixed(0)} MB more than before`,
  );
  return { left, growth };
}

/**
 * Honest requests all the time, and what the server holds.
 * @param {string} url
 * @param {string} admin
 */
function watchServer(url, admin) {
  /** @type {Sample[]} */
  const samples = [];
  let slowest = 0;
  const watch = { running: true };
  const loop = (async () => {
    while (watch.running && problems.length === 0) {
      const began = performance.now();
      await probe(url).catch((/** @type {unknown} */ error) => {
        problems.push(`an honest request failed: ${String(error)}`);
      });
      slowest = Math.max(slowest, performance.now() - began);
      const now = await figures(url, admin).catch(() => null);
      if (now) samples.push({ share: tally.requests / wanted, bytes: now.bytes });
      await sleep(100);
    }
  })();
  return {
    end: async () => {
      watch.running = false;
      await loop;
      return { slowest, samples };
    },
  };
}

/**
 * Requests that anybody may make, whole.
 * @param {string} url
 */
async function probe(url) {
  for (const path of ['/healthz', '/api/job', '/join']) {
    const response = await fetch(url + path, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    if (!response.ok || text === '') throw new Error(`${path} was answered with ${response.status}`);
  }
}

/**
 * Live bytes, garbage included, and open descriptors of the coordinator; descriptors are 0 where it cannot say.
 * @param {string} url
 * @param {string} token
 */
async function figures(url, token) {
  const response = await fetch(`${url}/metrics`, {
    headers: { authorization: `Bearer ${token}`, connection: 'close' },
  });
  const text = await response.text();
  /** @param {string} name */
  const value = (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
  return {
    bytes: value('nodejs_heap_size_used_bytes') + value('nodejs_external_memory_bytes'),
    descriptors: value('process_open_fds'),
  };
}

/** @param {number} value */
function signed(value) {
  return `${value >= 0 ? '+' : ''}${value.toFixed(0)}`;
}
