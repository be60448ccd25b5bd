/**
 * `npm run generate`: regenerates everything that is committed but not written by hand.
 *   npm run generate                  all but the golden vectors; builds what the references are read from
 *   npm run generate -- <name> …      only those: proto, engine, job-reference, grid-reference, vectors
 *   npm run generate -- --vectors     only the golden vectors of the wire (build proto first)
 *   npm run generate -- --check       writes nothing; fails when anything, the vectors too, is stale (build first)
 * With `--into <folder>` that folder takes the place of the workspace's root.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { engineCode } from './generate-engine.mjs';
import { gridReference } from './generate-grid-reference.mjs';
import { jobReference } from './generate-job-reference.mjs';
import { protoCode } from './generate-proto.mjs';
import { vectors } from './generate-vectors.mjs';
import { generate, report } from './generated.mjs';
import { root } from './workspace.mjs';

/** In order: the references are read from packages built with the generated code. */
const generators = [protoCode, engineCode, jobReference, gridReference, vectors];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    check: { type: 'boolean', default: false },
    vectors: { type: 'boolean', default: false },
    into: { type: 'string', default: root },
  },
});
const { check, into } = values;

const unknown = positionals.filter((name) => !generators.some((generator) => generator.name === name));
if (unknown.length > 0) {
  const known = generators.map(({ name }) => name).join(', ');
  console.error(`unknown generator ${unknown.join(', ')}: use ${known}, or none for all`);
  process.exit(2);
}
let built = check || values.vectors || positionals.length > 0;
const stale = [];
for (const generator of wanted()) {
  if (!built && generator === jobReference) build();
  stale.push(...(await generate(generator, { check, into })));
}
if (check) report(stale);
else console.log(stale.length === 0 ? 'everything is current' : `written: ${stale.join(', ')}`);

/** New golden vectors change the wire, so nobody gets them without asking. */
function wanted() {
  if (values.vectors) return [vectors];
  if (positionals.length > 0) return generators.filter(({ name }) => positionals.includes(name));
  return check ? generators : generators.filter((generator) => generator !== vectors);
}

function build() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const project = join(root, 'packages', 'simulation', 'tsconfig.lib.json');
  execFileSync(process.execPath, [tsc, '-b', project], { cwd: root, stdio: 'inherit' });
  built = true;
}
