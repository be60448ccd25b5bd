/** Real `espalier` processes for the tools: started, listened to, and ended whatever happens. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { root } from './workspace.mjs';

const main = join(root, 'packages', 'cli', 'dist', 'main.js');
const children = new Set();

/** A command of espalier with its output, its end, and how to signal it. */
export function startEspalier(args, { verbose = false, env = {} } = {}) {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  children.add(child);
  let text = '';
  const waiting = new Set();
  const heard = () => {
    for (const wake of waiting) wake();
    waiting.clear();
  };
  const hear = (chunk) => {
    if (verbose) process.stderr.write(chunk);
    text += chunk.toString();
    heard();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const ended = new Promise((resolve) => {
    child.on('close', (status) => {
      children.delete(child);
      heard();
      resolve(status);
    });
  });
  const line = async (pattern, from = 0) => {
    for (;;) {
      const match = pattern.exec(text.slice(from));
      if (match) return match[0];
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`${args[0]} ended early:\n${text}`);
      await new Promise((resolve) => waiting.add(resolve));
    }
  };
  const signal = (name) => child.kill(name);
  const end = (name) => {
    signal(name);
    return ended;
  };
  return { ended, end, signal, line, text: () => text };
}

/** A coordinator; `listening` resolves with its address, tokens and run folder. */
export function startCoordinator(args, options) {
  const child = startEspalier(['serve', ...args, '--format', 'json'], options);
  const listening = child.line(/\{"listening".*\}/).then((text) => JSON.parse(text).listening);
  // Whoever awaits it gets the failure; until then it must not count as unhandled.
  listening.catch(() => undefined);
  return { ...child, listening };
}

/** Ends whatever still runs. */
export function endProcesses() {
  for (const child of children) child.kill('SIGKILL');
}

export function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

export function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** mulberry32: the same numbers in [0, 1) for the same seed. */
export function seededRandom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
