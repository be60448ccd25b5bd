/** Puts the example jobs into the command's package, so that `npx espalier demo` finds them when it is installed. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './workspace.mjs';

const target = join(root, 'packages', 'cli', 'examples');
rmSync(target, { recursive: true, force: true });
cpSync(join(root, 'examples'), target, { recursive: true });
