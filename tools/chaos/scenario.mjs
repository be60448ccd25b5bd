/**
 * Plays a scenario file against real processes: `kill -9`, SIGSTOP, and a proxy before every client. Faults that TCP
 * hides (frames doubled or swapped) or that need another clock are for the tests in memory; they are counted as left out.
 */
import { readFile } from 'node:fs/promises';
import { freePort, sleep, startCoordinator, startEspalier } from '../processes.mjs';
import { startProxy } from './proxy.mjs';

const MEMORY_ONLY = new Set(['duplicate', 'reorder', 'skew']);
const SECONDS = 1000;

/**
 * A fault of a scenario; the file's own checks are those of the tests in memory.
 * @typedef {object} Fault
 * @property {string} kind
 * @property {number} at seconds from the start
 * @property {'coordinator' | number} who the coordinator or a part
 * @property {number} for seconds that it lasts, where it does
 * @property {number} seconds of delay, where it slows down
 *
 * @typedef {{ quorum: number, clients: number, rounds: number, faults: readonly Fault[] }} Scenario
 */

/**
 * Reads a scenario file.
 * @param {string} file
 * @returns {Promise<Scenario>}
 * @throws Error naming what is missing.
 */
export async function readScenario(file) {
  /** @type {Scenario} */
  const scenario = JSON.parse(await readFile(file, 'utf8'));
  for (const key of ['quorum', 'clients', 'rounds', 'faults']) {
    if (!(key in scenario)) throw new Error(`${file} has no ${key}`);
  }
  return scenario;
}

/**
 * Runs the job file under the faults; gives the run folder and what struck.
 * @param {Scenario} scenario
 * @param {{ file: string, out: string, verbose: boolean }} run
 */
export async function playScenario({ clients, faults }, { file, out, verbose }) {
  const port = await freePort();
  let server = startCoordinator(['--job', file, '--out', out, '--port', String(port)], { verbose });
  const { joinToken, folder } = await server.listening;
  const proxies = await Promise.all(
    Array.from({ length: clients }, () => startProxy({ host: '127.0.0.1', port })),
  );
  const parts = proxies.map(({ url }, part) =>
    supervise(() =>
      startEspalier(['join', url, '--token', joinToken, '--part', `${part + 1}/${clients}`], { verbose }),
    ),
  );
  let struck = 0;

  /** @param {Fault} fault */
  async function strike(fault) {
    struck++;
    if (fault.who === 'coordinator') await strikeCoordinator(fault);
    else await strikePart(fault, at(parts, fault.who), at(proxies, fault.who));
  }

  /** @param {Fault} fault */
  async function strikeCoordinator(fault) {
    if (fault.kind === 'crash') {
      await server.end('SIGKILL');
      await sleep(SECONDS * fault.for);
      server = startCoordinator(['--resume', folder, '--port', String(port)], { verbose });
      await server.listening;
    } else if (fault.kind === 'pause') await paused(server, fault.for);
    else throw new Error(`no fault of a coordinator: ${fault.kind}`);
  }

  const began = performance.now();
  const due = [...faults].filter(({ kind }) => !MEMORY_ONLY.has(kind)).sort((a, b) => a.at - b.at);
  for (const fault of due) {
    await sleep(Math.max(0, SECONDS * fault.at - (performance.now() - began)));
    await strike(fault);
  }
  const status = await server.ended;
  for (const part of parts) await part.end();
  for (const proxy of proxies) proxy.close();
  if (status !== 0) throw new Error(`the coordinator ended with ${status}:\n${server.text()}`);
  return { folder, struck, leftOut: faults.length - due.length };
}

/**
 * A client that is started again when it ends, as under a service manager: it may have been turned away because its part
 * was not free yet.
 * @param {() => import('../processes.mjs').Espalier} start
 */
function supervise(start) {
  const seat = { process: start(), down: false, over: false };
  const watch = async () => {
    while (!seat.over) {
      const { process } = seat;
      await process.ended;
      if (!isDown(seat) && seat.process === process) {
        await sleep(SECONDS);
        if (!isDown(seat)) seat.process = start();
      }
      while (seat.down) await sleep(50);
    }
  };
  void watch();
  return {
    /** @param {NodeJS.Signals} name */
    signal: (name) => seat.process.signal(name),
    end: () => {
      seat.over = true;
      return seat.process.end('SIGKILL');
    },
    /** @param {number} seconds */
    crash: async (seconds) => {
      seat.down = true;
      await seat.process.end('SIGKILL');
      await sleep(SECONDS * seconds);
      seat.process = start();
      seat.down = false;
    },
  };
}

/** @param {{ down: boolean, over: boolean }} seat */
function isDown({ down, over }) {
  return down || over;
}

/**
 * @param {Fault} fault
 * @param {{ signal: (name: NodeJS.Signals) => void, crash: (seconds: number) => Promise<void> }} part
 * @param {Awaited<ReturnType<typeof startProxy>>} proxy
 */
async function strikePart(fault, part, proxy) {
  if (fault.kind === 'crash') await part.crash(fault.for);
  else if (fault.kind === 'pause') await paused(part, fault.for);
  else if (fault.kind === 'slow') {
    proxy.slower(fault.seconds);
    await sleep(SECONDS * fault.for);
    proxy.slower(-fault.seconds);
  } else proxy.strike(fault.kind);
}

/**
 * @param {{ signal: (name: NodeJS.Signals) => void }} victim
 * @param {number} seconds
 */
async function paused(victim, seconds) {
  victim.signal('SIGSTOP');
  await sleep(SECONDS * seconds);
  victim.signal('SIGCONT');
}

/**
 * @template T
 * @param {readonly T[]} items
 * @param {number} index
 */
function at(items, index) {
  const item = items[index];
  if (item === undefined) throw new Error(`no client ${index}; there are ${items.length}`);
  return item;
}
