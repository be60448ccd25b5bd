/** `npm run demo [-- …]`: installs and builds what is missing, then runs `espalier demo` with the arguments given. */
import { build, install, runNode } from './workspace.mjs';

await install();
await build();
process.exit(await runNode('packages/cli/dist/main.js', ['demo', ...process.argv.slice(2)]));
