import { EspalierError, type Job } from '@espalier/core';
import {
  checkCertificate,
  parseJob,
  readRunFolder,
  type ConnectionLimits,
  type ServedJob,
  readText,
} from '@espalier/server';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { cacheOf, type CacheFlag } from '../data/cache-flag.js';
import { hostJob } from '../host-job.js';
import { onInterrupt } from '../interrupt.js';
import { replay } from './replay.js';
import { runProgress } from '../progress.js';
import { jobOf, type JobFlags } from '../run-options.js';
import { summaryTable } from '../summary-table.js';
import type { OutputFormat, Terminal } from '../terminal.js';
import { webFolder } from '../web-app.js';

/** Flags of `espalier serve`. */
export interface ServeFlags extends Omit<JobFlags, 'job'>, CacheFlag {
  readonly job?: string;
  /** Run folder to go on in. */
  readonly resume?: string;
  /** Run folder to show in the browser. */
  readonly replay?: string;
  /** Run folder of the dense control, drawn beside the run. */
  readonly control?: string;
  readonly keepUpdates?: boolean;
  readonly data?: string;
  readonly host: string;
  readonly port: number;
  readonly open?: boolean;
  readonly origin?: readonly string[];
  readonly maxConnectionsPerAddress: number;
  readonly maxFramesPerSecond: number;
  readonly maxBytesInFlight: number;
  readonly handshakeTimeout: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
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
  const { url, joinToken, adminToken, folder } = served;
  if (flags.format === 'json')
    terminal.out(JSON.stringify({ listening: { url, joinToken, adminToken, folder } }));
  else terminal.note(invitation({ ...served, clients: job.numClients, open: flags.open ?? false }));
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
  return parseJob((await readRunFolder(resume ?? '')).jobYaml);
}

function limitsOf(flags: ServeFlags): ConnectionLimits {
  return {
    origins: flags.origin ?? [],
    connectionsPerAddress: flags.maxConnectionsPerAddress,
    framesPerSecond: flags.maxFramesPerSecond,
    bytesInFlight: flags.maxBytesInFlight,
    handshakeSeconds: flags.handshakeTimeout,
  };
}

async function tlsOf({ tlsCert, tlsKey }: ServeFlags): Promise<{ cert: string; key: string } | null> {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new EspalierError(
      'invalid_argument',
      '--tls-cert and --tls-key go together: give both, or neither',
    );
  }
  const tls = await readTls(tlsCert, tlsKey);
  checkCertificate(tls, new Date());
  return tls;
}

async function readTls(certificate: string, key: string): Promise<{ cert: string; key: string }> {
  return {
    cert: await readText(certificate, 'the certificate'),
    key: await readText(key, "the certificate's key"),
  };
}

type Invitation = Pick<ServedJob, 'url' | 'joinToken' | 'adminToken' | 'folder'> & {
  readonly clients: number;
  readonly open: boolean;
};

function invitation({ url, joinToken, adminToken, clients, folder, open }: Invitation): string {
  const token = joinToken ?? (open ? null : '<token as before>');
  const pages = webFolder() !== null;
  return [
    `Listening on ${url} for ${clients} clients. On each of them:`,
    `  espalier join ${url}${token === null ? '' : ` --token ${token}`} --data <folder>`,
    ...(pages ? [`Or in a browser:  ${url}/join${token === null ? '' : `#token=${token}`}`] : []),
    ...(pages ? [`Watch:   ${url}/#admin=${adminToken ?? '<admin token as before>'}`] : []),
    `Status:  curl -H 'Authorization: Bearer ${adminToken ?? '<admin token as before>'}' ${url}/admin/status`,
    `Run folder: ${folder}`,
  ].join('\n');
}
