import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CoordinatorStatus } from '../coordinator/index.js';
import { pathOf } from '../sockets/index.js';
import { MetricsPage } from './metrics-page.js';

/** Reads and commands that the admin side offers. */
export interface AdminActions {
  status(): CoordinatorStatus;
  stop(reason: string): void;
}

/** The control side's routes: those for everybody, and those for the admin token. */
export const ADMIN_ROUTES = {
  open: ['GET /healthz', 'GET /readyz'],
  token: ['GET /metrics', 'GET /admin/status', 'POST /admin/stop'],
} as const;

const FOR_TOKEN: ReadonlySet<string> = new Set(ADMIN_ROUTES.token);

/**
 * The control side over HTTP: `GET /admin/status`, `POST /admin/stop` and `GET /metrics` (Prometheus) with
 * `Authorization: Bearer <admin token>`; for everybody `GET /healthz`, and `GET /readyz`, which is 503 until work can
 * be given out. Anything else is 404; a wrong token is 401 and says nothing more.
 */
export function adminRoutes(
  isAdmin: (shown: string) => boolean,
  actions: AdminActions,
): (request: IncomingMessage, response: ServerResponse) => void | Promise<void> {
  const metrics = new MetricsPage();
  return (request, response) => {
    const route = `${request.method ?? ''} ${pathOf(request)}`;
    if (route === 'GET /healthz') reply(response, 200, { ok: true });
    else if (route === 'GET /readyz') ready(response, actions.status());
    else if (!FOR_TOKEN.has(route)) reply(response, 404, { error: `no ${route} here; ${OFFER}` });
    else if (!authorized(request, isAdmin)) {
      reply(response, 401, { error: 'give the admin token: Authorization: Bearer <token>' });
    } else if (route === 'GET /metrics') return page(response, metrics, actions.status());
    else {
      if (route === 'POST /admin/stop') actions.stop('stopped over HTTP');
      reply(response, 200, actions.status());
    }
    return undefined;
  };
}

const OFFER = 'there are GET /healthz, GET /readyz, GET /metrics, GET /admin/status and POST /admin/stop';

function ready(response: ServerResponse, { prepared, phase }: CoordinatorStatus): void {
  const isReady = prepared && phase !== 'finished';
  reply(response, isReady ? 200 : 503, { ready: isReady, phase });
}

async function page(
  response: ServerResponse,
  metrics: MetricsPage,
  status: CoordinatorStatus,
): Promise<void> {
  const text = await metrics.text(status);
  response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' });
  response.end(text);
}

function authorized({ headers }: IncomingMessage, isAdmin: (shown: string) => boolean): boolean {
  const given = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
  return given !== undefined && isAdmin(given);
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
