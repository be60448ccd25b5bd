/** `npm run setup`: installs and builds what the commands need; does nothing that is done already. */
import { build, install } from './workspace.mjs';

await install();
await build();
