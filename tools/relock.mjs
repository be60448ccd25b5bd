/**
 * `node tools/relock.mjs`: writes package-lock.json anew from the package.json files alone. Installing beside an existing
 * node_modules leaves other platforms' optional packages out of the lock; a clean folder does not.
 */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, run } from './workspace.mjs';

const folder = mkdtempSync(join(tmpdir(), 'espalier-lock-'));
const packages = ['proto', 'e2e', ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)];
const manifests = ['package.json', '.npmrc', ...packages.map((name) => `${name}/package.json`)];
for (const manifest of manifests) cpSync(join(root, manifest), join(folder, manifest), { recursive: true });
const code = await run('npm', ['install', '--package-lock-only', '--loglevel=error'], { cwd: folder });
if (code === 0) cpSync(join(folder, 'package-lock.json'), join(root, 'package-lock.json'));
rmSync(folder, { recursive: true, force: true });
process.exit(code);
