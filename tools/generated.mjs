/** Generated files: written from their sources, or compared with what is committed. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './workspace.mjs';

/**
 * @typedef {object} Generator
 * @property {string} name on the command line
 * @property {() => Promise<ReadonlyMap<string, string | Uint8Array>>} files contents by path from the workspace's root
 */

/**
 * Writes what the generator gives, or with `check` writes nothing and only compares.
 * @param {Generator} generator
 * @param {{ check: boolean, into?: string }} options `into`: a folder in place of the workspace's root
 * @returns {Promise<string[]>} paths that were stale
 */
export async function generate(generator, { check, into = root }) {
  const files = [...(await generator.files())];
  const stale = files.filter(([path, content]) => !holds(join(into, path), content));
  if (!check) for (const [path, content] of stale) write(join(into, path), content);
  return stale.map(([path]) => path);
}

/**
 * Runs the generator when its module is the program, as in `node tools/generate-engine.mjs [--check]`.
 * @param {string} moduleUrl
 * @param {Generator} generator
 */
export async function runAlone(moduleUrl, generator) {
  if (moduleUrl !== pathToFileURL(process.argv[1] ?? '').href) return;
  const check = process.argv.includes('--check');
  const stale = await generate(generator, { check });
  if (check) report(stale);
}

/**
 * Ends with code 1 and a sentence when something is stale.
 * @param {readonly string[]} stale
 */
export function report(stale) {
  if (stale.length === 0) return;
  console.error(`stale, run npm run generate: ${stale.join(', ')}`);
  process.exitCode = 1;
}

/**
 * @param {string} file
 * @param {string | Uint8Array} content
 */
function holds(file, content) {
  try {
    return readFileSync(file).equals(Buffer.from(content));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * @param {string} file
 * @param {string | Uint8Array} content
 */
function write(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
