import type { ServeOptions } from './serve-options.js';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Coordinator, type CoordinatorStatus, type RunResult } from '../coordinator/index.js';
import { createRunFolder, openRunFolder, RUN_FILES, type RunFolder } from '../run-folder/index.js';
import { nodeHash, TokenBook } from '../security/index.js';
import { createSocketServer, DEFAULT_LIMITS } from '../sockets/index.js';
import { StateFolder } from '../state/index.js';
import { adminRoutes } from './admin-routes.js';
import { EventTail } from './event-tail.js';
import { fileLog } from './file-log.js';
import { controlMetrics } from './finished-run.js';
import type { Api } from './api-routes.js';
import { liveRun, type LiveRun } from './live-run.js';
import { reportSentence } from './report-sentence.js';
import { pageHandler } from './pages.js';
import { toEspalierError } from '@espalier/core';
import { runSigns } from './resume-run.js';

/** A job being served. */
export interface ServedJob {
  readonly url: string;
  /** Null in open mode, and for a run taken up again: its tokens are valid as before, and only their hashes are kept. */
  readonly joinToken: string | null;
  /** Null for a run taken up again. */
  readonly adminToken: string | null;
  /** The run folder. */
  readonly folder: string;
  /** Settles when the run has ended and the port is free again. */
  readonly ended: Promise<RunResult>;
  readonly stop: (reason: string) => void;
  /** Ends this process's part; the run can be taken up again. */
  readonly handOver: (reason: string) => void;
  readonly status: () => CoordinatorStatus;
}

/**
 * Listens, and coordinates the job with the clients that join, from the run's current state. Leaves nothing
 * behind when it cannot listen.
 * @throws EspalierError `port_in_use`, `storage`; `not_resumable` for a run folder that is not as its run
 * left it; `invalid_data` for a control that is no run folder.
 */
export async function serveJob(options: ServeOptions): Promise<ServedJob> {
  const control = options.control == null ? null : await controlMetrics(options.control);
  const listening = await listen(options);
  try {
    const { coordinator, tail, folder, tokens, close } = await openRun(options);
    const isAdmin = (shown: string): boolean => tokens.book.isAdmin(shown);
    const live = liveRun(options, { coordinator, tail, folder, control, isAdmin });
    listening.serve({ coordinator, isAdmin, api: live.api });
    const ended = endOf(coordinator, live).finally(async () => {
      await listening.close();
      await close();
    });
    // Those who await `ended` get a failure; until then it must not count as unhandled.
    ended.catch(() => undefined);
    return {
      url: listening.url,
      joinToken: tokens.join,
      adminToken: tokens.admin,
      folder,
      ended,
      stop: (reason) => {
        coordinator.stop(reason);
      },
      handOver: (reason) => {
        coordinator.handOver(reason);
      },
      status: () => coordinator.status(),
    };
  } catch (error) {
    await listening.close();
    throw error;
  }
}

/** The run's end, once watching pages know of it and the run folder has its report. */
async function endOf(coordinator: Coordinator, live: LiveRun): Promise<RunResult> {
  const result = await coordinator.ended;
  await live.ended(result.summary);
  return result;
}

type Routes = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

interface Served {
  readonly api: Api;
  readonly coordinator: Coordinator;
  readonly isAdmin: (shown: string) => boolean;
}

/** A port that is taken, and a coordinator for it later: connections wait for it. */
async function listen({
  job,
  tls,
  host,
  port,
  web = null,
  limits = {},
}: ServeOptions): Promise<{ url: string; serve: (served: Served) => void; close: () => Promise<void> }> {
  let serve: (served: Served) => void = () => undefined;
  const served = new Promise<Served>((resolve) => (serve = resolve));
  const pages = web === null ? null : pageHandler(web);
  let routes: Routes | null = null;
  void served.then(({ coordinator, isAdmin, api }) => {
    const admin = adminRoutes(isAdmin, coordinator);
    routes = (request, response) =>
      api.handler(request, response, () => {
        const last = (): void | Promise<void> => admin(request, response);
        return pages ? pages(request, response, last) : last();
      });
  });
  const server = createSocketServer({
    maxFrameBytes: job.maxFrameBytes,
    tls,
    limits,
    onRefusal: (error, peer) =>
      void served.then(({ coordinator }) => {
        coordinator.turnedAway(error, peer);
      }),
    onConnection: (connection) =>
      void served.then(({ coordinator }) => {
        try {
          coordinator.accept(connection);
        } catch (error) {
          // One that cannot be taken in costs nobody else the run.
          coordinator.turnedAway(toEspalierError(error), connection.peer);
          connection.close('it could not be taken in');
        }
      }),
    onRequest: (request, response) => {
      if (routes) return routes(request, response);
      response.writeHead(503).end();
      return undefined;
    },
  });
  const { url, close } = await server.listen({ host, port });
  return { url, serve, close };
}

interface OpenRun {
  readonly coordinator: Coordinator;
  readonly tail: EventTail;
  readonly folder: string;
  readonly tokens: RunTokens;
  readonly close: () => Promise<void>;
}

async function openRun(options: ServeOptions): Promise<OpenRun> {
  const { job, runs, resume, keepUpdates } = options;
  const folder = resume === null ? await createRunFolder(runs, job) : openRunFolder(resume);
  const signs = await runSigns(folder.path);
  const journal = await StateFolder.open(join(folder.path, RUN_FILES.state), { keepUpdates, signs });
  try {
    const tokens = runTokens(new TokenBook(journal.database), options.open);
    const tail = new EventTail(fileLog(join(folder.path, RUN_FILES.log)), Date.now);
    const coordinator = await openCoordinator(options, { folder, journal, book: tokens.book, tail });
    return { coordinator, tail, folder: folder.path, tokens, close: () => journal.close() };
  } catch (error) {
    await journal.close();
    throw error;
  }
}

function openCoordinator(
  options: ServeOptions,
  {
    folder,
    journal,
    book,
    tail,
  }: {
    readonly folder: RunFolder;
    readonly journal: StateFolder;
    readonly book: TokenBook;
    readonly tail: EventTail;
  },
): Promise<Coordinator> {
  return Coordinator.open({
    ...options,
    onReport: (report) => {
      tail.info(reportSentence(report));
      options.onReport(report);
    },
    serverSamplesPerClass: options.job.pretrain.samplesPerClass,
    handshakeSeconds: options.limits?.handshakeSeconds ?? DEFAULT_LIMITS.handshakeSeconds,
    admission: options.open ? null : book,
    randomBytes: (length) => new Uint8Array(randomBytes(length)),
    hash: nodeHash,
    log: tail,
    store: folder,
    journal,
  });
}

interface RunTokens {
  readonly book: TokenBook;
  readonly join: string | null;
  readonly admin: string | null;
}

/** The first coordinator of a run makes its tokens; later ones find their hashes. */
function runTokens(book: TokenBook, open: boolean): RunTokens {
  const admin = book.createAdmin();
  const fresh = admin !== null;
  return { book, admin, join: fresh && !open ? book.create('shared', new Date()) : null };
}
