import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Dataset, Job, ModelGraph, ModelState, Trainer } from '@espalier/core';
import { destination, pino } from 'pino';
import {
  Coordinator,
  type CoordinatorStatus,
  type RunReport,
  type RunResult,
  type Scheduler,
} from '../coordinator/index.js';
import { createRunFolder } from '../run-folder/index.js';
import { createToken, verifyAnswer } from '../security/index.js';
import { createSocketServer } from '../sockets/index.js';
import { adminRoutes } from './admin-routes.js';

/** A job and what it is served with. */
export interface ServeOptions {
  readonly job: Job;
  readonly classes: readonly string[];
  readonly graph: ModelGraph;
  /** Weights to begin with; null draws them. */
  readonly initial: ModelState | null;
  /** For pretraining, canary references and evaluation; best in a worker. */
  readonly trainer: Trainer;
  readonly serverData: Dataset | null;
  readonly testData: Dataset | null;
  /** Loopback unless told otherwise. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Folder in which the run folder is made. */
  readonly runs: string;
  /** Lets clients in without a token. */
  readonly open: boolean;
  /** Certificate and key in PEM form; null speaks plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly clock: () => number;
  readonly schedule: Scheduler;
  readonly onReport: (report: RunReport) => void;
}

/** A job being served. */
export interface ServedJob {
  readonly url: string;
  /** Null in open mode. */
  readonly joinToken: string | null;
  readonly adminToken: string;
  /** The run folder. */
  readonly folder: string;
  /** Settles when the run has ended and the port is free again. */
  readonly ended: Promise<RunResult>;
  stop(reason: string): void;
  status(): CoordinatorStatus;
}

/**
 * Listens, and coordinates the job with whoever joins. Nothing is left behind where it cannot listen.
 * @throws EspalierError `port_in_use`, `storage`.
 */
export async function serveJob(options: ServeOptions): Promise<ServedJob> {
  const joinToken = options.open ? null : createToken();
  const adminToken = createToken();
  const listening = await listen(options, adminToken);
  try {
    const { coordinator, folder } = await openRun(options, joinToken);
    listening.serve(coordinator);
    const ended = coordinator.ended.finally(() => listening.close());
    // Whoever awaits `ended` gets a failure; until then it must not count as unhandled.
    ended.catch(() => undefined);
    return {
      url: listening.url,
      joinToken,
      adminToken,
      folder,
      ended,
      stop: (reason) => {
        coordinator.stop(reason);
      },
      status: () => coordinator.status(),
    };
  } catch (error) {
    await listening.close();
    throw error;
  }
}

/** A port that is taken, and a coordinator for it later: connections wait for it. */
async function listen(
  { job, tls, host, port }: ServeOptions,
  adminToken: string,
): Promise<{ url: string; serve: (coordinator: Coordinator) => void; close: () => Promise<void> }> {
  let serve: (coordinator: Coordinator) => void = () => undefined;
  const coordinator = new Promise<Coordinator>((resolve) => (serve = resolve));
  let routes: ReturnType<typeof adminRoutes> | null = null;
  void coordinator.then((ready) => (routes = adminRoutes(adminToken, ready)));
  const server = createSocketServer({
    maxFrameBytes: job.maxFrameBytes,
    tls,
    onConnection: (connection) =>
      void coordinator.then((ready) => {
        ready.accept(connection);
      }),
    onRequest: (request, response) => {
      if (routes) routes(request, response);
      else response.writeHead(503).end();
    },
  });
  const { url, close } = await server.listen({ host, port });
  return { url, serve, close };
}

async function openRun(
  options: ServeOptions,
  joinToken: string | null,
): Promise<{ readonly coordinator: Coordinator; readonly folder: string }> {
  const { job, runs } = options;
  const folder = await createRunFolder(runs, job);
  const log = pino({ base: null }, destination({ dest: join(folder.path, 'coordinator.log'), sync: true }));
  const coordinator = new Coordinator({
    ...options,
    serverSamplesPerClass: job.pretrain.samplesPerClass,
    joinToken,
    verifyAnswer,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    log,
    store: folder,
  });
  return { coordinator, folder: folder.path };
}
