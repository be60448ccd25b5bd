import { EspalierError, type Job } from '@espalier/core';
import { removeParts } from '@espalier/disk';
import { resumableJob, type ServedJob } from '@espalier/server';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { cacheOf, type CacheFlag } from '../data/cache-flag.js';
import { announce, limitsOf, tlsOf, type HostFlags } from '../host-flags.js';
import { hostJob } from '../host-job.js';
import { onInterrupt } from '../interrupt.js';
import { replay } from './replay.js';
import { runProgress } from '../progress.js';
import { jobOf, type JobFlags } from '../run-options.js';
import { summaryTable } from '../summary-table.js';
import type { OutputFormat, Terminal } from '../terminal.js';

/** Flags of `espalier serve`. */
export interface ServeFlags extends Omit<JobFlags, 'job'>, CacheFlag, HostFlags {
  readonly job?: string;
  /** Run folder to go on in. */
  readonly resume?: string;
  /** Run folder to show in the browser. */
  readonly replay?: string;
  /** Run folder of the dense control, drawn beside the run. */
  readonly control?: string;
  readonly keepUpdates?: boolean;
  readonly data?: string;
  readonly out: string;
  readonly backend?: string;
  readonly format: OutputFormat;
}

/** Coordinates a job until it ends; gives the exit code. */
export async function serve(flags: ServeFlags, terminal: Terminal): Promise<ExitCode> {
  if (flags.replay !== undefined) return replay({ ...flags, replay: flags.replay }, terminal);
  const job = await servedJob(flags);
  const progress = runProgress(terminal, job.name, job.rounds);
  let served: ServedJob | null = null;
  // One listener from the start to the end: between two, a signal would end the process as if it were unheard.
  const release = onInterrupt((signal) => {
    interrupted(served, signal, terminal);
  });
  served = await hostJob(
    {
      job,
      folder: flags.data ?? null,
      host: flags.host,
      port: flags.port,
      runs: flags.out,
      resume: flags.resume ?? null,
      control: flags.control ?? null,
      keepUpdates: flags.keepUpdates ?? false,
      open: flags.open ?? false,
      tls: await tlsOf(flags),
      limits: limitsOf(flags),
      backend: flags.backend ?? null,
      cache: cacheOf(flags),
      onReport: progress.report,
    },
    terminal,
  );
  const { folder } = served;
  announce(served, { ...flags, clients: job.numClients }, terminal);
  try {
    const { summary } = await served.ended;
    progress.end();
    if (flags.format === 'json') terminal.out(JSON.stringify({ summary, folder }));
    else terminal.out(`${summaryTable([summary])}\nrun folder: ${folder}`);
    return summary.stopped ? EXIT.interrupted : EXIT.ok;
  } finally {
    release();
    progress.end();
  }
}

/** Ctrl-C ends the run; a termination request, as of a service manager, only this process. */
function interrupted(served: ServedJob | null, signal: NodeJS.Signals, terminal: Terminal): void {
  if (served === null) {
    terminal.note('espalier: interrupted before anybody could connect');
    // Whatever was begun can be taken up again: nothing is half written.
    removeParts();
    process.exit(EXIT.interrupted);
  }
  if (signal === 'SIGTERM') served.handOver('the coordinator was asked to terminate');
  else served.stop('interrupted');
}

/** A new job, or the one that a run folder was begun with. */
async function servedJob({ job, resume, ...flags }: ServeFlags): Promise<Job> {
  if ((job === undefined) === (resume === undefined)) {
    throw new EspalierError(
      'invalid_argument',
      'give --job <file> to begin a run, --resume <run folder> to go on with one, or --replay <run folder> to look at one',
    );
  }
  if (job !== undefined) return jobOf({ ...flags, job });
  return resumableJob(resume ?? '');
}
