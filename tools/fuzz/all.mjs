/**
 * `npm run fuzz`: hostile frames (`tools/fuzz.mjs`), then raw HTTP (`tools/fuzz/http.mjs`), each against a coordinator of
 * its own. Flags: `--seed <n>` and `--verbose` for both, `--frames <n>` and `--requests <n>` for how much of each, 0 for
 * none of it, `--peers <n>` for how many at a time.
 */
import { parseArgs } from 'node:util';
import { runNode } from '../workspace.mjs';

const number = /** @type {const} */ ({ type: 'string' });
const { values } = parseArgs({
  options: { frames: number, requests: number, seed: number, peers: number, verbose: { type: 'boolean' } },
});

const { frames, requests, verbose, ...shared } = values;
/** @param {Record<string, string | undefined>} given */
const flags = (given) => [
  ...Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
  ...(verbose ? ['--verbose'] : []),
];
let code = 0;
if (frames !== '0') code = await runNode('tools/fuzz.mjs', flags({ frames, ...shared }));
if (requests !== '0') code = (await runNode('tools/fuzz/http.mjs', flags({ requests, ...shared }))) || code;
process.exit(code);
