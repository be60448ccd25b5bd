/**
 * `npm run faults`: draws seeded schedules of faults (frames dropped, doubled, swapped, cut, corrupted; connections
 * lost on one side or both; crashes, pauses, slowness, skewed clocks) and runs a whole job under each, in virtual time
 * over real wire bytes. Ends with one line of figures; a failing schedule is shrunk and printed with its seed and path.
 * Flags: `--runs <n>` (2000), `--seed <n>` (1), `--path <p>` (replays one).
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root, run } from './workspace.mjs';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    path: { type: 'string' },
  },
});
const report = join(root, 'e2e', 'dist', 'faults.json');
rmSync(report, { force: true });
const started = performance.now();
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const code = await run(
  process.execPath,
  [jest, '--maxWorkers=1', '--silent', '--json', `--outputFile=${report}`, 'src/faults.test.ts'],
  {
    cwd: join(root, 'e2e'),
    env: {
      ESPALIER_FAULT_RUNS: values.runs,
      ESPALIER_FAULT_SEED: values.seed,
      ...(values.path === undefined ? {} : { ESPALIER_FAULT_PATH: values.path }),
    },
  },
);
/** @type {{ numFailedTests: number }} */
const { numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
const seconds = ((performance.now() - started) / 1000).toFixed(0);
const verdict = code === 0 ? 'every invariant held' : `${numFailedTests} of 4 properties failed`;
console.log(
  `faults: ${values.runs} schedules in memory, ${Math.ceil(Number(values.runs) / 8)} over the disk, ${verdict}, ${seconds} s, seed ${values.seed}`,
);
process.exit(code);
