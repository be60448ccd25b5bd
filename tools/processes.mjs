/** Real `espalier` processes for the tools: started, listened to, and ended whatever happens. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { root } from './workspace.mjs';

const main = join(root, 'packages', 'cli', 'dist', 'main.js');
/** @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set();

/**
 * @typedef {ReturnType<typeof startEspalier>} Espalier
 * @typedef {ReturnType<typeof startCoordinator>} RunningCoordinator
 * @typedef {{ url: string, joinToken: string, adminToken: string, folder: string }} Listening
 */

/**
 * A command of espalier with its output, its end, and how to signal it.
 * @param {readonly string[]} args
 * @param {{ verbose?: boolean, env?: Record<string, string> }} options
 */
export function startEspalier(args, { verbose = false, env = {} } = {}) {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  children.add(child);
  let text = '';
  /** @type {Set<(value?: unknown) => void>} */
  const waiting = new Set();
  const heard = () => {
    for (const wake of waiting) wake();
    waiting.clear();
  };
  /** @param {Buffer} chunk */
  const hear = (chunk) => {
    if (verbose) process.stderr.write(chunk);
    text += chunk.toString();
    heard();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  /** The exit code; null after a signal. @type {Promise<number | null>} */
  const ended = new Promise((resolve) => {
    child.on('close', (status) => {
      children.delete(child);
      heard();
      resolve(status);
    });
  });
  /**
   * The first text from there on that matches; throws when the process ends without it.
   * @param {RegExp} pattern
   * @param {number} from
   */
  const line = async (pattern, from = 0) => {
    for (;;) {
      const match = pattern.exec(text.slice(from));
      if (match) return match[0];
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`${args[0]} ended early:\n${text}`);
      await new Promise((resolve) => waiting.add(resolve));
    }
  };
  /** @param {NodeJS.Signals} name */
  const signal = (name) => child.kill(name);
  /** @param {NodeJS.Signals} name */
  const end = (name) => {
    signal(name);
    return ended;
  };
  return { ended, end, signal, line, text: () => text };
}

/**
 * A coordinator; `listening` resolves with its address, tokens and run folder.
 * @param {readonly string[]} args
 * @param {{ verbose?: boolean, env?: Record<string, string> }} [options]
 */
export function startCoordinator(args, options) {
  const child = startEspalier(['serve', ...args, '--format', 'json'], options);
  /** @type {Promise<Listening>} */
  const listening = child.line(/\{"listening".*\}/).then((text) => {
    /** @type {{ listening: Listening }} */
    const said = JSON.parse(text);
    return said.listening;
  });
  // A caller that awaits it gets the failure; until then it must not count as unhandled.
  listening.catch(() => undefined);
  return { ...child, listening };
}

/**
 * The summary of a run; null before the run has ended.
 * @param {string} folder
 * @returns {Promise<import('@espalier/core/report').RunSummary | null>}
 */
export async function summaryOf(folder) {
  const text = await readFile(join(folder, 'summary.json'), 'utf8').catch(() => null);
  if (text === null) return null;
  /** @type {import('@espalier/core/report').RunSummary} */
  const summary = JSON.parse(text);
  return summary;
}

/** Ends whatever still runs. */
export function endProcesses() {
  for (const child of children) child.kill('SIGKILL');
}

/**
 * A port that is free now.
 * @returns {Promise<number>}
 */
export function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const port = portOf(probe);
      probe.close(() => {
        resolve(port);
      });
    });
  });
}

/**
 * The port that a TCP server listens on.
 * @param {import('node:net').Server} server
 */
export function portOf(server) {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on TCP');
  return address.port;
}

/**
 * Resolves after that time.
 * @param {number} milliseconds
 * @returns {Promise<void>}
 */
export function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * mulberry32: the same numbers in [0, 1) for the same seed.
 * @param {number} seed
 * @returns {() => number}
 */
export function seededRandom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
