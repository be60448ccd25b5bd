import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeBundle } from '@espalier/proto';
import { parseJob } from '@espalier/server';
import { transform } from '@swc/core';
import { runInProcess } from './support/in-process.js';
import { TINY_JOB } from './support/tiny-job.js';

const readme = join(__dirname, '../../README.md');
let folder: string;

beforeAll(async () => {
  // Inside the workspace, so that packages are found by name as they are in a user's project.
  const parent = join(__dirname, '../dist');
  await mkdir(parent, { recursive: true });
  folder = await mkdtemp(join(parent, 'readme-'));
  const { graph, mask, state } = await runInProcess(parseJob(TINY_JOB), [0, 1, 2]);
  const { normalization } = parseJob(TINY_JOB);
  const classes = ['0', '1', '2'];
  await writeFile(
    join(folder, 'model.espalier'),
    encodeBundle({ graph, mask, state, classes, normalization, metadata: {} }),
  );
  await writeFile(join(folder, 'job.yaml'), TINY_JOB);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the README', () => {
  it('shows a library example that runs', async () => {
    const text = await readFile(readme, 'utf8');
    const snippet = /```ts\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
    const { code } = await transform(snippet, {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'es6' },
    });
    await writeFile(join(folder, 'snippet.mjs'), code);
    const { stdout } = await promisify(execFile)(process.execPath, ['snippet.mjs'], { cwd: folder });
    expect(stdout).toMatch(/^\d+ of 18 right with \d+ of \d+ weights\n$/);
  });

  it.each(['npm run demo', 'npm test', 'espalier serve', 'espalier join'])('shows %s', async (command) => {
    expect(await readFile(readme, 'utf8')).toContain(command);
  });
});
