import { serveReplay } from '@espalier/server';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { onInterrupt } from '../interrupt.js';
import { limitsOf, type HostFlags } from '../host-flags.js';
import type { OutputFormat, Terminal } from '../terminal.js';
import { neededWebFolder } from '../web-app.js';

/** Flags of `espalier serve --replay`. */
export interface ReplayFlags extends HostFlags {
  /** Run folder to show. */
  readonly replay: string;
  /** Run folder of the same job trained densely. */
  readonly control?: string;
  readonly format: OutputFormat;
}

/** Shows a run folder in the browser until it is interrupted. */
export async function replay(flags: ReplayFlags, terminal: Terminal): Promise<ExitCode> {
  const { host, port, format } = flags;
  const served = await serveReplay({
    ...{ host, port, web: neededWebFolder() },
    folder: flags.replay,
    control: flags.control ?? null,
    limits: limitsOf(flags),
    onRefusal: ({ code, message }) => {
      // Strangers are turned away without a word; faults of ours are reported to the operator.
      if (code === 'internal') terminal.note(message);
    },
  });
  const shown = flags.publicUrl?.[0] ?? served.url;
  if (format === 'json')
    terminal.out(JSON.stringify({ listening: { url: served.url, publicUrls: flags.publicUrl ?? [] } }));
  else terminal.note(`Showing ${flags.replay} on ${shown}\nTry its model on ${shown}/try; Ctrl-C ends this.`);
  await new Promise<void>((resolve) => {
    onInterrupt(() => {
      resolve();
    });
  });
  await served.close();
  return EXIT.ok;
}
