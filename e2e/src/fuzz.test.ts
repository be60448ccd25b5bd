import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const run = promisify(execFile);

describe('npm run fuzz, cut short', () => {
  it('answers every hostile frame with a type while honest clients finish their job', async () => {
    const tool = join(__dirname, '../../tools/fuzz.mjs');
    const { stdout } = await run(process.execPath, [tool, '--frames', '1500', '--seed', '3']);
    expect(stdout).toMatch(
      /^fuzz: 1\d{3} frames over \d+ connections, \d+ refusals in \d+ codes, all typed: true, .* honest clients 3 of 3 finished 10 rounds, \d+ s, seed 3\n$/,
    );
  }, 180_000);
});
