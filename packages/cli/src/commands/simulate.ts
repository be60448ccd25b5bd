import { openModel } from '@espalier/client-node';
import type { Job } from '@espalier/core';
import { createRunFolder } from '@espalier/server';
import { drawDevices, openThreadPool, simulate, type SimulatedRun } from '@espalier/simulation';
import { cacheOf, type CacheFlag } from '../data/cache-flag.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { fleetProfile } from '../fleet-profile.js';
import { onInterrupt } from '../interrupt.js';
import { runProgress } from '../progress.js';
import { jobOf, type JobFlags } from '../run-options.js';
import { summaryTable } from '../summary-table.js';
import type { OutputFormat, Terminal } from '../terminal.js';
import { trainerOptions } from '../trainer-options.js';

/** Flags of `espalier simulate`. */
export interface SimulateFlags extends JobFlags, CacheFlag {
  readonly data?: string;
  readonly workers: number;
  /** A preset's name, or a profile's file. */
  readonly devices?: string;
  readonly out: string;
  readonly backend?: string;
  readonly format: OutputFormat;
}

/** Runs a job with virtual clients in this process; gives the exit code. */
export async function simulateCommand(flags: SimulateFlags, terminal: Terminal): Promise<ExitCode> {
  const job = await jobOf(flags);
  const profile = await fleetProfile(flags.devices);
  const pool = await openThreadPool({ workers: flags.workers, ...(await poolTrainer(job, flags)) });
  const progress = runProgress(terminal, `${job.name} (${job.method})`, job.rounds);
  const interruption = new AbortController();
  const release = onInterrupt(() => {
    interruption.abort();
  });
  try {
    const store = await createRunFolder(flags.out, job);
    const run = await simulate({
      job,
      pool,
      folder: flags.data ?? null,
      cache: cacheOf(flags),
      devices: profile && drawDevices(profile, job.numClients, job.seed),
      store,
      onReport: progress.report,
      signal: interruption.signal,
    });
    progress.end();
    show(run, store.path, flags.format, terminal);
    return run.summary.stopped ? EXIT.interrupted : EXIT.ok;
  } finally {
    release();
    progress.end();
    await pool.dispose();
  }
}

/** The ops do not hang on the number of classes. */
async function poolTrainer(job: Job, { backend }: SimulateFlags): Promise<ReturnType<typeof trainerOptions>> {
  if ('file' in job.model) return backend === undefined ? {} : { backend };
  return trainerOptions(backend, (await openModel(job, 2)).graph);
}

function show(run: SimulatedRun, folder: string, format: OutputFormat, terminal: Terminal): void {
  const { summary, wallSeconds, virtualSeconds } = run;
  if (format === 'json') terminal.out(JSON.stringify({ summary, wallSeconds, virtualSeconds, folder }));
  else terminal.out(`${summaryTable([summary])}\nrun folder: ${folder}`);
}
