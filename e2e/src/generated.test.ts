import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const tool = join(__dirname, '../../tools/generate.mjs');

function check(...args: readonly string[]): Promise<{ code: unknown; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [tool, '--check', ...args], (error, _, stderr) => {
      resolve({ code: error?.code ?? 0, stderr });
    });
  });
}

it('everything generated is what its sources give', async () => {
  expect(await check()).toEqual({ code: 0, stderr: '' });
});

it('what is stale is named', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'espalier-generated-'));
  expect(await check('--into', empty, 'job-reference', 'grid-reference')).toEqual({
    code: 1,
    stderr:
      'stale, run npm run generate: ' +
      'docs/reference/job.md, docs/reference/job.schema.json, docs/reference/grid.schema.json\n',
  });
  await rm(empty, { recursive: true });
});
