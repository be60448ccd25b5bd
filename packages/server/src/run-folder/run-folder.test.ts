import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parseJob } from '../job/index.js';
import { createRunFolder, readRunFolder } from './index.js';

const job = parseJob('name: test\nmodel: mlp\ndata: { kind: procedural }');
let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'espalier-runs-'));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

describe('a run folder', () => {
  it('has a name of its own every time and the job in it', async () => {
    const first = await createRunFolder(parent, job);
    const second = await createRunFolder(parent, job);
    expect(second.path).not.toBe(first.path);
    expect(parseJob((await readRunFolder(first.path)).jobYaml)).toEqual(job);
  });

  it('has no summary and no model until the run is finished', async () => {
    const { path } = await createRunFolder(parent, job);
    expect(await readRunFolder(path)).toMatchObject({ metrics: [], summary: null, bundle: null });
  });

  it('keeps the newest checkpoints, whole', async () => {
    const folder = await createRunFolder(parent, job);
    for (let round = 0; round < 4; round++) await folder.checkpoint(round, new Uint8Array([round]));
    expect(await readdir(join(folder.path, 'checkpoints'))).toEqual([
      'round-00002.espalier',
      'round-00003.espalier',
    ]);
  });

  it('tells a damaged file by its path', async () => {
    const { path } = await createRunFolder(parent, job);
    await writeFile(join(path, 'summary.json'), '{"cut');
    await expect(readRunFolder(path)).rejects.toThrow(/\[invalid_data\].*summary\.json is damaged/);
  });

  it('refuses a folder that is none', async () => {
    await expect(readRunFolder(parent)).rejects.toThrow('[invalid_data]');
  });

  it('says what cannot be written', async () => {
    const file = join(parent, 'file');
    await writeFile(file, '');
    await chmod(file, 0o400);
    await expect(createRunFolder(file, job)).rejects.toThrow('[storage]');
  });
});
