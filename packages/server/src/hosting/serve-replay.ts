import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EspalierError } from '@espalier/core';
import { apiRoutes } from './api-routes.js';
import { finishedRun } from './finished-run.js';
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
}

/** A replay being served. */
export interface ServedReplay {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/**
 * Serves the dashboard of a run folder, and the page that tries its model. There is no token: whoever starts it chooses
 * to show the run to those who reach the address.
 * @throws EspalierError `invalid_data` for a folder that is none; `port_in_use`.
 */
export async function serveReplay(options: ReplayOptions): Promise<ServedReplay> {
  const { folder, control, web, host, port } = options;
  const { run, bundle } = await finishedRun(folder, control);
  const api = apiRoutes({
    invitation: null,
    run: () => run,
    bundle: () => bundle,
    controls: null,
    mayWatch: () => true,
  });
  const pages = pageHandler(web);
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    api.handler(request, response, () => {
      pages(request, response, () => {
        response.writeHead(404).end();
      });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new EspalierError('port_in_use', `cannot listen on ${host} port ${port}: ${error.message}`, { port }),
      );
    });
    server.listen({ host, port }, resolve);
  });
  const { address, port: taken, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
