/**
 * `npm run damages`: run folders that lost something, or were damaged. First in one process: all 64 sets of lost parts and
 * all single and paired damages, with bits and files drawn anew for every seed. Then through the command: a coordinator
 * is killed in the middle of a run, its folder damaged as drawn, and `espalier serve --resume` must go on to the model of
 * the run that was left alone, or refuse by name and change nothing. Ends with lines of figures.
 * Flags: `--seeds <n>` (6), `--runs <n>` (20, through the command), `--seed <n>` (1), `--verbose`.
 */
import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { tinyJobText } from '@espalier/server/testing';
import { pick } from './fuzz/frames.mjs';
import {
  endProcesses,
  freePort,
  seededRandom,
  sleep,
  startCoordinator,
  startEspalier,
  summaryOf,
} from './processes.mjs';
import { root, run } from './workspace.mjs';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '6' },
    runs: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    verbose: { type: 'boolean', default: false },
  },
});
const { verbose } = values;
const CLIENTS = 2;
const ROUNDS = 6;
const PARTS = [
  'state/coordinator.db',
  'state/coordinator.db-wal',
  'state/blobs',
  'checkpoints',
  'metrics.jsonl',
  'job.yaml',
];
const HOW = ['lost', 'emptied', 'halved', 'flipped'];
const JOB = tinyJobText({
  name: 'damages',
  model: { name: 'mlp', width: 4 },
  numClients: CLIENTS,
  rounds: ROUNDS,
  pool: { size: 3 },
  pruning: { interval: 2, stopRound: ROUNDS },
});

const started = performance.now();
const random = seededRandom(Number(values.seed));
const folder = await mkdtemp(join(tmpdir(), 'espalier-damages-'));
let code = 1;
try {
  code = Number(values.seeds) > 0 ? await inOneProcess() : 0;
  if (code === 0) code = await throughTheCommand();
} finally {
  endProcesses();
  await rm(folder, { recursive: true, force: true });
}
process.exit(code);

function inOneProcess() {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  return run(process.execPath, [jest, '--maxWorkers=1', '--testTimeout=3600000', 'src/damages.test.ts'], {
    cwd: join(root, 'e2e'),
    env: { ESPALIER_DAMAGE_SEEDS: values.seeds },
  });
}

/**
 * @typedef {import('./processes.mjs').Espalier} Espalier
 * @typedef {{ part: string, how: string }} Damage
 */

async function throughTheCommand() {
  const file = join(folder, 'job.yaml');
  await writeFile(file, JOB);
  const { image, token, expected } = await killedRun(file);
  /** @type {string[]} */
  const bad = [];
  const counts = { same: 0, refused: 0 };
  for (let at = 0; at < Number(values.runs); at++) {
    const damages = drawn();
    const what = await outcome(image, { damages, token, expected });
    const sentence = damages.map(({ part, how }) => `${part} ${how}`).join(', ');
    if (verbose) console.error(`${sentence}: ${what}`);
    if (what === 'same' || what === 'refused') counts[what]++;
    else bad.push(`${sentence}: ${what}`);
  }
  for (const line of bad) console.error(line);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    `damages: ${values.runs} through the command, ${counts.same} to the same model, ${counts.refused} refused by name and unchanged, ${bad.length} otherwise, ${seconds} s, seed ${values.seed}`,
  );
  return bad.length === 0 ? 0 : 1;
}

/**
 * A run's folder as `kill -9` leaves it in the middle, and the model that it comes to when it is taken up as it is.
 * @param {string} file
 */
async function killedRun(file) {
  const calm = startCoordinator(['--job', file, '--out', join(folder, 'calm'), ...(await onPort())], {
    verbose,
  });
  const { url, joinToken, folder: calmRun } = await calm.listening;
  const clients = startClients(url, joinToken);
  await succeeded(calm);
  await endAll(clients);
  const server = startCoordinator(['--job', file, '--out', join(folder, 'killed'), ...(await onPort())], {
    verbose,
  });
  const begun = await server.listening;
  const others = startClients(begun.url, begun.joinToken);
  await lineOf(join(begun.folder, 'metrics.jsonl'), server);
  await server.end('SIGKILL');
  await endAll(others);
  return { image: begun.folder, token: begun.joinToken, expected: await modelHash(calmRun) };
}

/**
 * @param {string} image a run's folder
 * @param {{ damages: readonly Damage[], token: string, expected: string }} given
 */
async function outcome(image, { damages, token, expected }) {
  const copy = join(folder, 'damaged');
  rmSync(copy, { recursive: true, force: true });
  cpSync(image, copy, { recursive: true });
  for (const { part, how } of damages) strike(join(copy, part), how);
  const before = folderHash(copy);
  const port = await freePort();
  const server = startCoordinator(['--resume', copy, '--port', String(port)], { verbose });
  const listens = server.listening.then(
    () => true,
    () => false,
  );
  if (await Promise.race([server.ended.then(() => false), listens])) {
    const clients = startClients(`http://127.0.0.1:${port}`, token);
    const status = await server.ended;
    await endAll(clients);
    if (status !== 0) return `went on and ended with ${status}: ${server.text()}`;
    return (await modelHash(copy)) === expected ? 'same' : 'another model';
  }
  const said = server.text();
  if (folderHash(copy) !== before) return `changed, then refused: ${said}`;
  return damages.some(({ part }) => said.includes(part))
    ? 'refused'
    : `names nothing that was damaged: ${said}`;
}

/** One damage, or two of different parts. @returns {Damage[]} */
function drawn() {
  const first = pick(random, PARTS);
  const others = PARTS.filter((part) => part !== first);
  const parts = random() < 0.5 ? [first, pick(random, others)] : [first];
  return parts.map((part) => ({ part, how: pick(random, HOW) }));
}

/**
 * @param {string} path
 * @param {string} how
 */
function strike(path, how) {
  if (how === 'lost') {
    rmSync(path, { recursive: true, force: true });
    return;
  }
  const names = statSync(path).isDirectory() ? readdirSync(path).sort() : null;
  const file = names ? join(path, pick(random, names)) : path;
  const bytes = readFileSync(file);
  if (how !== 'flipped') {
    truncateSync(file, how === 'halved' ? bytes.length >> 1 : 0);
    return;
  }
  const bit = Math.floor(8 * bytes.length * random());
  bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  writeFileSync(file, bytes);
}

/** @param {string} path */
function folderHash(path) {
  const hash = createHash('sha256');
  for (const name of readdirSync(path, { recursive: true, encoding: 'utf8' }).sort()) {
    hash.update(`${name}\n`);
    if (statSync(join(path, name)).isFile()) hash.update(readFileSync(join(path, name)));
  }
  return hash.digest('hex');
}

async function onPort() {
  return ['--port', String(await freePort())];
}

/**
 * @param {string} url
 * @param {string} token
 */
function startClients(url, token) {
  return Array.from({ length: CLIENTS }, (_, part) =>
    startEspalier(['join', url, '--token', token, '--part', `${part + 1}/${CLIENTS}`], { verbose }),
  );
}

/** @param {readonly Espalier[]} clients */
async function endAll(clients) {
  for (const client of clients) await client.end('SIGKILL');
}

/** @param {Espalier} server */
async function succeeded(server) {
  const status = await server.ended;
  if (status !== 0) throw new Error(`the coordinator ended with ${status}:\n${server.text()}`);
}

/**
 * Waits for the first line of a file, which says that a round has closed.
 * @param {string} file
 * @param {Espalier} server
 */
async function lineOf(file, server) {
  const state = { over: false };
  void server.ended.then(() => (state.over = true));
  while (!state.over) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text.includes('\n')) return;
    await sleep(20);
  }
  throw new Error(`the coordinator ended before a round had closed:\n${server.text()}`);
}

/**
 * Hash of the model of a run that has ended.
 * @param {string} run
 */
async function modelHash(run) {
  const summary = await summaryOf(run);
  if (summary === null) throw new Error(`${run} has no summary`);
  return summary.model.hash;
}
