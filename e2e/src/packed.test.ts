import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TINY_JOB } from './support/tiny-job.js';

const run = promisify(execFile);
const root = join(__dirname, '../..');
const HOMES: Readonly<Record<string, string>> = {
  '@espalier/proto': 'proto',
  '@espalier/core': 'packages/core',
  '@espalier/disk': 'packages/disk',
  '@espalier/engine': 'packages/engine',
  '@espalier/client': 'packages/client',
  '@espalier/client-node': 'packages/client-node',
  '@espalier/client-web': 'packages/client-web',
  '@espalier/server': 'packages/server',
  '@espalier/simulation': 'packages/simulation',
  espalier: 'packages/cli',
};

/**
 * The packages that npm would publish, unpacked into the `node_modules` of an empty folder. Third-party
 * packages are found in the workspace above it, in the versions each package has there, so the test needs no
 * network.
 */
let folder: string;
beforeAll(async () => {
  const parent = join(__dirname, '../dist');
  await mkdir(parent, { recursive: true });
  folder = await mkdtemp(join(parent, 'packed-'));
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  const sources = Object.values(HOMES).map((home) => `./${home}`);
  const pack = ['pack', '--json', '--loglevel=error', '--pack-destination', folder, ...sources];
  const { stdout } = await run('npm', pack, { cwd: root });
  for (const { name, filename } of JSON.parse(stdout) as { name: string; filename: string }[]) {
    const target = join(folder, 'node_modules', name);
    await mkdir(target, { recursive: true });
    await run('tar', ['xzf', join(folder, filename), '-C', target, '--strip-components=1']);
    const own = join(root, HOMES[name] ?? '', 'node_modules');
    if (existsSync(own)) await symlink(own, join(target, 'node_modules'));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const espalier = (...args: string[]): Promise<{ stdout: string }> =>
  run(process.execPath, [join(folder, 'node_modules/espalier/bin/espalier.mjs'), ...args], { cwd: folder });

describe('the packed packages', () => {
  it('hold no tests and no sources', async () => {
    const files = await readdir(join(folder, 'node_modules'), { recursive: true });
    expect(files.filter((file) => /\.test\.|\.spec\.|(^|\/)spec\//.test(file))).toEqual([]);
    expect(files).toContain('espalier/examples/demo.yaml');
  });

  it('name a command that stands before anything is built, so that a fresh clone has it too', async () => {
    const text = await readFile(join(root, 'packages/cli/package.json'), 'utf8');
    const { bin } = JSON.parse(text) as { bin: Readonly<Record<string, string>> };
    expect(bin).toEqual({ espalier: './bin/espalier.mjs' });
    expect(existsSync(join(root, 'packages/cli', bin['espalier'] ?? ''))).toBe(true);
  });

  it('run espalier doctor in an empty folder', async () => {
    const { stdout } = await espalier('doctor', '--format', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ used: 'engine' });
  });

  it('train in threads of their own', async () => {
    await writeFile(join(folder, 'tiny.yaml'), TINY_JOB);
    const { stdout } = await espalier(
      'demo',
      '--job',
      'tiny.yaml',
      '--set',
      'rounds=1',
      '--set',
      'pruning.stopRound=1',
      '--format',
      'json',
    );
    const { runs } = JSON.parse(stdout) as { runs: { summary: { rounds: number; backends: string[] } }[] };
    expect(runs[0]?.summary).toMatchObject({ rounds: 1, backends: ['engine-wasm'] });
  });
});
