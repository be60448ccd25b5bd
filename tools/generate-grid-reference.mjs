/**
 * Writes docs/reference/grid.schema.json from the schema that checks grid files. Build packages/simulation first.
 *   node tools/generate-grid-reference.mjs           writes it
 *   node tools/generate-grid-reference.mjs --check   fails when it differs from what is committed
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gridJsonSchema } from '../packages/simulation/dist/index.js';
import { root } from './workspace.mjs';

const file = join(root, 'docs/reference/grid.schema.json');
const text = `${JSON.stringify(gridJsonSchema(), null, 2)}\n`;
if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
  console.error('docs/reference/grid.schema.json is out of date: run node tools/generate-grid-reference.mjs');
  process.exit(1);
}
