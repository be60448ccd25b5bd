import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The workspace's root folder. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Major and minor. @type {readonly [number, number]} */
const MINIMUM_NODE = [20, 19];

/** Ends with a sentence when this Node is too old. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fits = major > MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor >= MINIMUM_NODE[1]);
  if (fits) return;
  console.error(
    `Espalier needs Node ${MINIMUM_NODE.join('.')} or newer, this is ${process.versions.node}. Install a newer Node and try again.`,
  );
  process.exit(2);
}

/**
 * Runs a command with its output shown; resolves with its exit code.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined> }} options
 * @returns {Promise<number>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      stdio: 'inherit',
      env: { ...process.env, NX_DAEMON: 'false', NX_ISOLATE_PLUGINS: 'false', ...options.env },
      shell: process.platform === 'win32',
    });
    child.on('error', (error) => {
      console.error(`${command} could not be started: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (code, signal) => {
      resolve(code ?? (signal ? 1 : 0));
    });
  });
}

/**
 * Runs a JavaScript file of the workspace; resolves with its exit code.
 * @param {string} file
 * @param {readonly string[]} args
 */
export function runNode(file, args) {
  return run(process.execPath, [join(root, file), ...args]);
}

const MARKER = join(root, 'node_modules', '.espalier-lock');

/** Installs what the lock file names, unless that is what is there. */
export async function install() {
  checkNode();
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(MARKER) && readFileSync(MARKER, 'utf8') === lock) return;
  console.log('Installing packages …');
  const code = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (code !== 0) process.exit(code);
  writeFileSync(MARKER, lock);
}

/**
 * Runs nx targets over all packages, two at a time, without a daemon; resolves with the exit code.
 * @param {readonly string[]} targets
 */
export function nx(targets) {
  return run(
    'npx',
    ['--no-install', 'nx', 'run-many', '-t', ...targets, '--parallel=2', '--output-style=static'],
    {
      env: { NX_TUI: 'false', FORCE_COLOR: '0' },
    },
  );
}

/** Builds every package. */
export async function build() {
  const code = await nx(['build']);
  if (code !== 0) process.exit(code);
}
