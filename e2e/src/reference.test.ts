import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { jobJsonSchema } from '@espalier/server';

const root = join(__dirname, '../..');

describe('docs/reference/job.md', () => {
  it('is what the schema says', async () => {
    const tool = join(root, 'tools/generate-job-reference.mjs');
    await expect(promisify(execFile)(process.execPath, [tool, '--check'])).resolves.toMatchObject({
      stderr: '',
    });
  });

  it('has every key and every kind', async () => {
    const page = await readFile(join(root, 'docs/reference/job.md'), 'utf8');
    for (const key of Object.keys(jobJsonSchema().properties ?? {})) expect(page).toContain(`| \`${key}\``);
    for (const kind of ['cifarBinary', 'idx', 'npy', 'shards', 'quantitySkew', 'byFolder', 'file']) {
      expect(page).toContain(`{ kind: ${kind} }`);
    }
  });
});

describe('docs/reference/grid.schema.json', () => {
  it('is what the schema of grids says', async () => {
    const tool = join(root, 'tools/generate-grid-reference.mjs');
    await expect(promisify(execFile)(process.execPath, [tool, '--check'])).resolves.toMatchObject({
      stderr: '',
    });
  });
});
