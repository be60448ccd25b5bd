import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CoordinatorStatus } from '../coordinator/index.js';

/** What the admin side may see and do. */
export interface AdminActions {
  status(): CoordinatorStatus;
  stop(reason: string): void;
}

/**
 * The control side over HTTP: `GET /admin/status` and `POST /admin/stop` with `Authorization: Bearer <admin token>`,
 * and `GET /healthz` for everybody. Anything else is 404; a wrong token is 401 and says nothing more.
 */
export function adminRoutes(
  isAdmin: (shown: string) => boolean,
  actions: AdminActions,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const route = `${request.method ?? ''} ${new URL(request.url ?? '/', 'http://localhost').pathname}`;
    if (route === 'GET /healthz') {
      reply(response, 200, { ok: true });
      return;
    }
    if (route !== 'GET /admin/status' && route !== 'POST /admin/stop') {
      reply(response, 404, {
        error: `no ${route} here; there are GET /healthz, GET /admin/status and POST /admin/stop`,
      });
      return;
    }
    if (!authorized(request, isAdmin)) {
      reply(response, 401, { error: 'give the admin token: Authorization: Bearer <token>' });
      return;
    }
    if (route === 'POST /admin/stop') actions.stop('stopped over HTTP');
    reply(response, 200, actions.status());
  };
}

function authorized({ headers }: IncomingMessage, isAdmin: (shown: string) => boolean): boolean {
  const given = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
  return given !== undefined && isAdmin(given);
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
