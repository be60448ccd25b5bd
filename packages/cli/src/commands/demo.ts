import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Job } from '@espalier/core';
import type { RunSummary } from '@espalier/server/coordinator';
import { startClientProcesses } from '../client-processes.js';
import { cacheArguments, cacheOf, type CacheFlag } from '../data/cache-flag.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { hostJob } from '../host-job.js';
import { onInterrupt } from '../interrupt.js';
import { runProgress } from '../progress.js';
import { jobOf } from '../run-options.js';
import { summaryTable } from '../summary-table.js';
import type { OutputFormat, Terminal } from '../terminal.js';

/** Flags of `espalier demo`. */
export interface DemoFlags extends CacheFlag {
  readonly job?: string;
  readonly data?: string;
  readonly control?: boolean;
  readonly out: string;
  readonly backend?: string;
  readonly set: readonly string[];
  readonly seed?: number;
  readonly format: OutputFormat;
}

/** One finished run. */
interface DemoRun {
  readonly summary: RunSummary;
  readonly folder: string;
}

/** Overrides that turn a job into its dense control: same rounds, seed, data and clients. */
const CONTROL = ['method=fedavg', 'targetDensity=1'];

/** Seconds that client processes have to end after a run. */
const GRACE = 10;

/** Runs the job, and its dense control, with client processes on loopback; prints what they cost and reached. */
export async function demo(flags: DemoFlags, terminal: Terminal): Promise<ExitCode> {
  const file = flags.job ?? fileURLToPath(new URL('../../examples/demo.yaml', import.meta.url));
  const jobs = [await jobOf({ ...flags, job: file })];
  if (flags.control ?? flags.job === undefined) {
    jobs.push(await jobOf({ ...flags, job: file, set: [...flags.set, ...CONTROL] }));
  }
  const runs: DemoRun[] = [];
  for (const job of jobs) {
    const run = await runLocally(job, flags, terminal);
    runs.push(run);
    if (run.summary.stopped) break;
  }
  show(runs, flags.format, terminal);
  return runs.some(({ summary }) => summary.stopped) ? EXIT.interrupted : EXIT.ok;
}

async function runLocally(job: Job, flags: DemoFlags, terminal: Terminal): Promise<DemoRun> {
  const label = `${job.name} (${job.method})`;
  const progress = runProgress(terminal, label, job.rounds);
  const folder = flags.data ?? null;
  const backend = flags.backend ?? null;
  const served = await hostJob(
    {
      job,
      folder,
      host: '127.0.0.1',
      port: 0,
      runs: flags.out,
      resume: null,
      keepUpdates: false,
      open: false,
      tls: null,
      backend,
      cache: cacheOf(flags),
      onReport: progress.report,
    },
    terminal,
  );
  const release = onInterrupt(() => {
    served.stop('interrupted');
  });
  const left = new Set<number>();
  const clients = await startClientProcesses({
    url: served.url,
    token: served.joinToken,
    count: job.numClients,
    folder,
    backend,
    more: cacheArguments(flags),
    logs: join(served.folder, 'clients'),
    onExit: (part, code) => {
      left.add(part);
      if (code !== EXIT.ok && code !== EXIT.interrupted) {
        terminal.note(
          `${label}: the client of part ${part + 1} ended with code ${String(code)}; see ${served.folder}/clients`,
        );
      }
      // With nobody left there is nothing to wait for.
      if (left.size === job.numClients) served.stop('all clients have ended');
    },
  });
  try {
    const { summary } = await served.ended;
    return { summary, folder: served.folder };
  } finally {
    progress.end();
    await clients.end(GRACE);
    release();
  }
}

function show(runs: readonly DemoRun[], format: OutputFormat, terminal: Terminal): void {
  if (format === 'json') {
    terminal.out(JSON.stringify({ runs }));
    return;
  }
  terminal.out(summaryTable(runs.map(({ summary }) => summary)));
  for (const { summary, folder } of runs) terminal.out(`${summary.method}: ${folder}`);
}
