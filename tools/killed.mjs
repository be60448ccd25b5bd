/**
 * `npm run killed`: a comparison of many tiny cells is killed twice with SIGKILL at moments drawn by a seed and started
 * again; its table must be that of one that was not. `npm test` does the same with 40 cells. Flags: `--cells <n>` (200, a
 * multiple of 8), `--seed <n>` (1).
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root, run } from './workspace.mjs';

const { values } = parseArgs({
  options: { cells: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
});
const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const code = await run(
  process.execPath,
  [
    jest,
    '--maxWorkers=1',
    '--testTimeout=600000',
    '--testNamePattern',
    'killed twice',
    'src/compare.test.ts',
  ],
  {
    cwd: join(root, 'e2e'),
    env: { ESPALIER_KILLED_CELLS: values.cells, ESPALIER_KILLED_SEED: values.seed },
  },
);
process.exit(code);
