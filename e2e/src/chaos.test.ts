import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const run = promisify(execFile);

describe('npm run chaos, cut short', () => {
  it('kills real processes and ends with the model of the run that was left alone', async () => {
    const tool = join(__dirname, '../../tools/chaos.mjs');
    const { stdout } = await run(process.execPath, [tool, '--kills', '2', '--rounds', '40']);
    expect(stdout).toMatch(/^chaos: 2 kills .* 40 rounds, model identical [0-9a-f]{16}, \d+ s, seed 1\n$/);
  });
});
