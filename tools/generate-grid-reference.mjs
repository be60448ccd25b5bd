/**
 * Generates docs/reference/grid.schema.json from the schema that checks grid files. Build packages/simulation first.
 *   node tools/generate-grid-reference.mjs           writes it
 *   node tools/generate-grid-reference.mjs --check   fails when it differs from what is committed
 */
import { runAlone } from './generated.mjs';

/** JSON schema of a grid file. @type {import('./generated.mjs').Generator} */
export const gridReference = {
  name: 'grid-reference',
  files: async () => {
    const { gridJsonSchema } = await import('../packages/simulation/dist/index.js');
    return new Map([['docs/reference/grid.schema.json', `${JSON.stringify(gridJsonSchema(), null, 2)}\n`]]);
  },
};

await runAlone(import.meta.url, gridReference);
