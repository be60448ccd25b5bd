import { readFile } from 'node:fs/promises';
import { EspalierError } from '@espalier/core';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { cacheOf, type CacheFlag } from '../data/cache-flag.js';
import { hostJob } from '../host-job.js';
import { onInterrupt } from '../interrupt.js';
import { runProgress } from '../progress.js';
import { jobOf, type JobFlags } from '../run-options.js';
import { summaryTable } from '../summary-table.js';
import type { OutputFormat, Terminal } from '../terminal.js';

/** Flags of `espalier serve`. */
export interface ServeFlags extends JobFlags, CacheFlag {
  readonly data?: string;
  readonly host: string;
  readonly port: number;
  readonly open?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly out: string;
  readonly backend?: string;
  readonly format: OutputFormat;
}

/** Coordinates a job until it ends; gives the exit code. */
export async function serve(flags: ServeFlags, terminal: Terminal): Promise<ExitCode> {
  const job = await jobOf(flags);
  const progress = runProgress(terminal, job.name, job.rounds);
  const served = await hostJob(
    {
      job,
      folder: flags.data ?? null,
      host: flags.host,
      port: flags.port,
      runs: flags.out,
      open: flags.open ?? false,
      tls: await tlsOf(flags),
      backend: flags.backend ?? null,
      cache: cacheOf(flags),
      onReport: progress.report,
    },
    terminal,
  );
  const { url, joinToken, adminToken, folder } = served;
  if (flags.format === 'json')
    terminal.out(JSON.stringify({ listening: { url, joinToken, adminToken, folder } }));
  else terminal.note(invitation({ url, joinToken, adminToken, clients: job.numClients, folder }));
  const release = onInterrupt(() => {
    served.stop('interrupted');
  });
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

async function tlsOf({ tlsCert, tlsKey }: ServeFlags): Promise<{ cert: string; key: string } | null> {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new EspalierError(
      'invalid_argument',
      '--tls-cert and --tls-key go together: give both, or neither',
    );
  }
  try {
    return { cert: await readFile(tlsCert, 'utf8'), key: await readFile(tlsKey, 'utf8') };
  } catch (error) {
    throw new EspalierError(
      'storage',
      `cannot read the certificate: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

interface Invitation {
  readonly url: string;
  readonly joinToken: string | null;
  readonly adminToken: string;
  readonly clients: number;
  readonly folder: string;
}

function invitation({ url, joinToken, adminToken, clients, folder }: Invitation): string {
  const token = joinToken === null ? '' : ` --token ${joinToken}`;
  return [
    `Listening on ${url} for ${clients} clients. On each of them:`,
    `  espalier join ${url}${token} --data <folder>`,
    `Status:  curl -H 'Authorization: Bearer ${adminToken}' ${url}/admin/status`,
    `Run folder: ${folder}`,
  ].join('\n');
}
