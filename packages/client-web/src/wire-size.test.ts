import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const app = join(__dirname, '../dist/app');

/** Files that a page loads before a tfjs backend is chosen: what it and its workers name, imports on demand left out. */
function filesOf(page: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    if (!/\.(html|js)$/.test(path)) return;
    const text = readFileSync(join(app, path), 'utf8');
    const linked = text.matchAll(/(?:href|src)="\/(assets\/[\w.-]+)"/g);
    const imported = text.matchAll(/(?:from|import)\s*["'`]\.\/([\w.-]+\.js)["'`]/g);
    const workers = text.matchAll(/["'`]\/assets\/((?:[a-z-]+-worker|engine-thread)-[\w-]+\.js)["'`]/g);
    for (const [, name = ''] of linked) visit(name);
    for (const [, name = ''] of [...imported, ...workers]) visit(`assets/${name}`);
  };
  visit(page);
  return found;
}

describe('the join page', () => {
  const files = filesOf('join.html');

  it('loads its workers, and no tfjs', () => {
    const names = [...files].join(' ');
    for (const worker of ['session', 'trainer', 'image', 'check', 'try'])
      expect(names).toContain(`${worker}-worker-`);
    expect(names).not.toMatch(/tfjs|backend/);
  });

  it('is at most 300 KB over the wire', () => {
    const bytes = [...files].reduce((sum, path) => sum + statSync(join(app, `${path}.br`)).size, 0);
    expect(bytes).toBeGreaterThan(100_000);
    expect(bytes).toBeLessThanOrEqual(300_000);
  });
});
