/**
 * `npm run webgpu`: the trainer contract on tfjs's WebGPU backend, in Chromium on its software adapter. Two minutes, so
 * it is not part of `npm test`.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureChromium } from './chromium.mjs';
import { root } from './workspace.mjs';

const { status } = spawnSync('npx', ['jest', '--testMatch', '**/src/browser/webgpu-contract.suite.ts'], {
  cwd: join(root, 'e2e'),
  env: { ...process.env, ESPALIER_CHROMIUM: ensureChromium() },
  stdio: 'inherit',
});
process.exit(status ?? 1);
