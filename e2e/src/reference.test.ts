import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { jobJsonSchema } from '@espalier/server';

const root = join(__dirname, '../..');

describe('docs/reference/job.md', () => {
  it('has every key and every kind', async () => {
    const page = await readFile(join(root, 'docs/reference/job.md'), 'utf8');
    for (const key of Object.keys(jobJsonSchema().properties ?? {})) expect(page).toContain(`| \`${key}\``);
    for (const kind of ['cifarBinary', 'idx', 'npy', 'shards', 'quantitySkew', 'byFolder', 'file']) {
      expect(page).toContain(`{ kind: ${kind} }`);
    }
  });
});
