import type { EspalierError } from '@espalier/core';
import { apiRoutes } from './api-routes.js';
import { finishedRun } from './finished-run.js';
import { DEFAULT_LIMITS, GuardedServer, type ConnectionLimits } from '../sockets/index.js';
import { pageHandler } from './pages.js';

/** A run folder to be looked at in a browser. */
export interface ReplayOptions {
  readonly folder: string;
  /** Run folder of the same job trained densely, drawn beside it; null for none. */
  readonly control: string | null;
  /** Folder of the pages, which client-web builds. */
  readonly web: string;
  readonly host: string;
  readonly port: number;
  /** Origins that may ask, and limits of their requests; a missing one has its default. */
  readonly limits?: Partial<ConnectionLimits>;
  /** Somebody was turned away, or answering failed (`internal`). */
  readonly onRefusal?: (error: EspalierError, peer: string) => void;
}

/** A replay being served. */
export interface ServedReplay {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/**
 * Serves the dashboard of a run folder, and the page that tries its model. There is no token: the person
 * who starts it chooses to show the run to everybody who reaches the address.
 * @throws EspalierError `invalid_data` for a folder that is none; `port_in_use`.
 */
export async function serveReplay(options: ReplayOptions): Promise<ServedReplay> {
  const { folder, control, web, host, port, limits, onRefusal = () => undefined } = options;
  const { run, bundle } = await finishedRun(folder, control);
  const api = apiRoutes({
    invitation: null,
    run: () => run,
    bundle: () => bundle,
    controls: null,
    mayWatch: () => true,
  });
  const pages = pageHandler(web);
  const server = new GuardedServer({
    limits: { ...DEFAULT_LIMITS, ...limits },
    tls: null,
    onRequest: (request, response) =>
      api.handler(request, response, () =>
        pages(request, response, () => {
          response.writeHead(404).end();
        }),
      ),
    onRefusal,
  });
  return { url: await server.listen({ host, port }), close: () => server.close() };
}
