import { listenForInterrupts } from './interrupt.js';
import { runCommand } from './program.js';
import { processTerminal } from './terminal.js';

// Who reads may have had enough, as `head` has after its lines: that is no mistake of anybody.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
listenForInterrupts();
process.exitCode = await runCommand(process.argv.slice(2), processTerminal);
