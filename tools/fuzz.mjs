/**
 * `npm run fuzz`: hostile peers against a live coordinator (`espalier serve`, real sockets) while honest clients do
 * their job. Random and mutated frames, broken transfers, protobuf bombs, frames above the cap, and valid messages in
 * the wrong state, by strangers and by insiders with the right token. Every frame must be answered, every refusal must
 * have a code of the closed list, memory must not grow, and the honest clients must finish. Ends with one line of
 * figures. Flags: `--frames <n>` (200,000), `--seed <n>` (1), `--peers <n>` (16), `--verbose`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { canaryGradients, connectSocket, runClient } from '@espalier/client';
import { createNodeTrainer, prepareClientData } from '@espalier/client-node';
import { tinyJobText } from '@espalier/server/testing';
import { Hostile, Tally } from './fuzz/hostile.mjs';
import { endProcesses, seededRandom, startCoordinator, summaryOf } from './processes.mjs';

const { values } = parseArgs({
  options: {
    frames: { type: 'string', default: '200000' },
    seed: { type: 'string', default: '1' },
    peers: { type: 'string', default: '16' },
    verbose: { type: 'boolean', default: false },
  },
});
const wanted = Number(values.frames);
const honest = 3;
const rounds = 10;
/** Most bytes by which the coordinator's live memory may be above what it was after a fifth of the frames. */
const GROWTH = 48e6;
/** Share of the frames between two looks at the coordinator's memory: a collection costs time on a busy machine. */
const LOOK_EVERY = 0.02;
const job = tinyJobText({
  name: 'fuzz',
  numClients: honest,
  rounds,
  pruning: { interval: 2, stopRound: rounds },
  quorum: 0.5,
  roundTimeout: 5,
  returnTimeout: 1,
  // Excluded, insiders would not reach the decoders any more.
  refusalLimit: 0,
});

const started = performance.now();
const tally = new Tally();
const folder = await mkdtemp(join(tmpdir(), 'espalier-fuzz-'));
/** @type {string[]} */
const problems = [];
/** Gradients of the canary; computed once, as every insider proves the same. @type {Promise<Float32Array> | null} */
let gradients = null;
let code = 1;
try {
  await writeFile(join(folder, 'job.yaml'), job);
  const server = startCoordinator(['--job', join(folder, 'job.yaml'), '--out', folder, '--port', '0'], {
    verbose: values.verbose,
    env: { NODE_OPTIONS: `--import=${new URL('./fuzz/collect-garbage.mjs', import.meta.url).href}` },
  });
  const where = await server.listening;
  const clients = Array.from({ length: honest }, (_, part) => startHonest(part, where));
  // Their parts are theirs before anybody else can take them.
  await Promise.all(clients.map(({ admitted }) => admitted));
  const watch = watchMemory(where, () => server.signal('SIGUSR2'));
  await Promise.all(Array.from({ length: Number(values.peers) }, (_, peer) => misbehave(peer, where)));
  const outcomes = await Promise.all(clients.map(({ ended }) => ended));
  const status = await server.ended;
  const { slowest, growth } = await watch.end();
  const summary = await summaryOf(where.folder);
  if (status !== 0) problems.push(`the coordinator ended with ${status}:\n${server.text()}`);
  for (const { kind, ...why } of outcomes) {
    if (kind !== 'finished') problems.push(`an honest client ${kind}: ${JSON.stringify(why)}`);
  }
  if (summary?.rounds !== rounds) problems.push(`${summary?.rounds ?? 'no'} rounds of ${rounds}`);
  if (tally.insiders === 0) problems.push('no insider was admitted');
  if (tally.untyped.length > 0) problems.push(`refusals without a type: ${tally.untyped.join(', ')}`);
  if (summary && 'internal' in summary.refusals) problems.push('the coordinator called a refusal internal');
  if (Number.isNaN(growth)) problems.push('memory was not measured');
  if (growth > GROWTH) problems.push(`memory grew by ${(growth / 1e6).toFixed(0)} MB`);
  if (values.verbose) console.error(tally.kinds, tally.codes);
  code = problems.length === 0 ? 0 : 1;
  for (const problem of problems) console.error(problem);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const refusals = Object.values(tally.codes).reduce((sum, count) => sum + count, 0);
  console.log(
    `fuzz: ${tally.frames} frames over ${tally.connections} connections, ${refusals} refusals in ${Object.keys(tally.codes).length} codes, all typed: ${tally.untyped.length === 0}, memory ${growth >= 0 ? '+' : ''}${(growth / 1e6).toFixed(0)} MB, slowest /healthz ${slowest.toFixed(0)} ms, honest clients ${outcomes.filter(({ kind }) => kind === 'finished').length} of ${honest} finished ${summary?.rounds ?? 0} rounds, ${seconds} s, seed ${values.seed}`,
  );
} finally {
  endProcesses();
  await rm(folder, { recursive: true, force: true });
}
process.exit(code);

/**
 * @typedef {import('./processes.mjs').Listening} Listening
 * @typedef {{ share: number, bytes: number }} Sample
 */

/**
 * Deeds of one hostile peer until enough frames have left. Three in four peers are insiders.
 * @param {number} peer
 * @param {Listening} where
 */
async function misbehave(peer, { url, joinToken }) {
  const random = seededRandom(1000 * Number(values.seed) + peer);
  const insider = peer % 4 !== 0;
  const seat = { returnToken: null };
  while (tally.frames < wanted && problems.length === 0) {
    try {
      await oneConnection({ url, joinToken, random, insider, seat });
    } catch (error) {
      problems.push(`peer ${peer}: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
}

/**
 * @param {object} attack
 * @param {string} attack.url
 * @param {string} attack.joinToken
 * @param {() => number} attack.random
 * @param {boolean} attack.insider
 * @param {{ returnToken: string | null }} attack.seat
 */
async function oneConnection({ url, joinToken, random, insider, seat }) {
  const hostile = await Hostile.connect(url, random, tally);
  if (hostile === null) return;
  try {
    if (insider && !(await hostile.joinHonestly(joinToken, honestCanary, seat))) return;
    // An insider's bad frame would cost it its connection: it sends well-framed nonsense, and ends with a bad one.
    for (let left = 50; insider && left > 0 && !hostile.closed && tally.frames < wanted; left--) {
      await Promise.all(Array.from({ length: 8 }, () => hostile.actInFrames()));
    }
    while (!hostile.closed && tally.frames < wanted) await hostile.act();
  } finally {
    hostile.close();
  }
}

/** @param {import('@espalier/core').Canary} canary */
function honestCanary(canary) {
  gradients ??= createNodeTrainer().then((trainer) => canaryGradients(trainer, canary));
  return gradients;
}

/**
 * An honest client whose rounds keep pace with the fuzzing, so that it works from the first frame to the last.
 * @param {number} part
 * @param {Listening} where
 */
function startHonest(part, { url, joinToken }) {
  let round = 0;
  /** @type {() => void} */
  let settle = () => undefined;
  const admitted = new Promise((resolve) => {
    settle = () => {
      resolve(undefined);
    };
  });
  const client = runClient({
    connect: () => connectSocket(url, { timeout: 30_000 }),
    loadData: (clientJob) => prepareClientData(clientJob, { folder: null, part }),
    makeTrainer: async () => {
      const trainer = await createNodeTrainer();
      /** @type {typeof trainer.train} */
      const train = async (...given) => {
        await until(() => tally.frames >= (wanted * (round + 1)) / rounds || problems.length > 0);
        return trainer.train(...given);
      };
      return new Proxy(trainer, {
        get: (target, name) => {
          if (name === 'train') return train;
          /** @type {unknown} */
          const value = Reflect.get(target, name);
          if (typeof value !== 'function') return value;
          /** @type {unknown} */
          const bound = value.bind(target);
          return bound;
        },
      });
    },
    token: joinToken,
    name: `honest ${part + 1}`,
    part,
    profile: { memoryBytes: 0, macsPerSecond: 0, platform: 'fuzz' },
    schedule: (seconds, callback) => {
      const timer = setTimeout(callback, 1000 * seconds);
      return () => {
        clearTimeout(timer);
      };
    },
    clock: () => performance.now() / 1000,
    onEvent: (event) => {
      if (event.kind === 'admitted') settle();
      if (event.kind === 'task' && event.round !== null) round = event.round;
    },
  });
  // One that is turned away must not keep the others waiting.
  void client.ended.then(settle);
  return { ended: client.ended, admitted };
}

/** @param {() => boolean} holds */
async function until(holds) {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 50));
}

/**
 * Asks the coordinator how it is, all the time: how long it takes, and what it holds.
 * @param {Listening} where
 * @param {() => void} collectGarbage
 */
function watchMemory({ url, adminToken }, collectGarbage) {
  /** @type {Sample[]} */
  const samples = [];
  let slowest = 0;
  const watch = { running: true };
  const isRunning = () => watch.running;
  let looked = 0;
  const loop = (async () => {
    while (watch.running) {
      const began = performance.now();
      const answered = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(30_000) }).then(
        (response) => response.ok,
        () => false,
      );
      // After the end of the run nobody listens.
      if (answered) slowest = Math.max(slowest, performance.now() - began);
      else if (tally.frames < wanted && isRunning()) problems.push('/healthz did not answer within 30 s');
      if (tally.frames / wanted >= looked + LOOK_EVERY) {
        collectGarbage();
        looked = tally.frames / wanted;
        const bytes = await liveBytes(url, adminToken);
        if (bytes !== null) samples.push({ share: tally.frames / wanted, bytes });
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  })();
  return {
    end: async () => {
      watch.running = false;
      await loop;
      return { slowest, growth: growthOf(samples) };
    },
  };
}

/**
 * Heap and buffers in use. Garbage is collected right before, for on a busy machine a fifth of the run may pass without a
 * full collection: 80 MB of it were once taken for a leak. What is under way is still in it, so the least of several
 * samples is what counts.
 * @param {string} url
 * @param {string} token
 */
async function liveBytes(url, token) {
  try {
    const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    const text = await response.text();
    /** @param {string} name */
    const value = (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
    return value('nodejs_heap_size_used_bytes') + value('nodejs_external_memory_bytes');
  } catch {
    return null;
  }
}

/** @param {readonly Sample[]} samples */
function growthOf(samples) {
  /**
   * @param {number} from
   * @param {number} to
   */
  const least = (from, to) =>
    Math.min(...samples.filter(({ share }) => share >= from && share <= to).map(({ bytes }) => bytes));
  const growth = least(0.8, 1.1) - least(0.1, 0.3);
  return Number.isFinite(growth) ? growth : Number.NaN;
}
