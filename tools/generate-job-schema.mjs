/** Writes docs/reference/job.schema.json from the schema that checks job files. Build packages/server first. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { jobJsonSchema } from '../packages/server/dist/job/index.js';
import { root } from './workspace.mjs';

const file = join(root, 'docs', 'reference', 'job.schema.json');
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, `${JSON.stringify(jobJsonSchema(), null, 2)}\n`);
