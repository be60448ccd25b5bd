import { listenBare } from '@espalier/server';
import { cpuSeconds } from './cpu-seconds.js';

const server = await listenBare(Number(process.argv[2]));
process.on('disconnect', () => process.exit(0));
process.on('message', () => process.send?.(cpuSeconds()));
process.send?.(server.url);
