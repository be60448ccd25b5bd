import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DEFAULT_LIMITS, GuardedServer } from '../sockets/index.js';
import { ADMIN_ROUTES, adminRoutes } from './admin-routes.js';
import { API_ROUTES, apiRoutes } from './api-routes.js';
import { pageHandler } from './pages.js';

/** Rows of the table of routes in docs/security.md: what it is, and whether a token opens it. */
const documented = [
  ...readFileSync(join(__dirname, '../../../../docs/security.md'), 'utf8').matchAll(
    /^\| `((?:GET|POST) \/[^`]*)` \| (nobody|admin token) \|/gm,
  ),
].map(([, route = '', needs]) => ({ route, needs }));

let folder: string;
let server: GuardedServer;
let url: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-doors-'));
  for (const page of ['index', 'join', 'try', 'bench', 'report'])
    await writeFile(join(folder, `${page}.html`), page);
  const unreachable = (): never => {
    throw new Error('a stranger came as far as this');
  };
  const api = apiRoutes({
    invitation: { name: 'test' } as never,
    ...{ run: unreachable, bundle: unreachable, mayWatch: () => false },
    controls: { start: unreachable, pause: unreachable, resume: unreachable, stop: unreachable },
  });
  const admin = adminRoutes(() => false, {
    status: () => ({ prepared: true, phase: 'train' }) as never,
    stop: unreachable,
  });
  const pages = pageHandler(folder);
  server = new GuardedServer({
    ...{ limits: DEFAULT_LIMITS, tls: null, onRefusal: () => undefined },
    onRequest: (request, response) =>
      api.handler(request, response, () => pages(request, response, () => admin(request, response))),
  });
  url = await server.listen({});
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const ask = async (route: string): Promise<number> => {
  const [method = '', path = ''] = route.split(' ');
  const response = await fetch(url + path, {
    method,
    headers: { connection: 'close', authorization: 'Bearer guess' },
  });
  await response.text();
  return response.status;
};

describe('doors without a token', () => {
  it('are those that docs/security.md lists', () => {
    const routes = (needs: string): string[] =>
      documented.filter((row) => row.needs === needs).map(({ route }) => route);
    const pages = ['GET /', 'GET /join', 'GET /try', 'GET /bench', 'GET /report'];
    expect(routes('nobody').sort()).toEqual([...ADMIN_ROUTES.open, ...API_ROUTES.open, ...pages].sort());
    expect(routes('admin token').sort()).toEqual([...ADMIN_ROUTES.token, ...API_ROUTES.token].sort());
  });

  it.each(documented)('$route, for $needs', async ({ route, needs }) => {
    expect(await ask(route)).toBe(needs === 'nobody' ? 200 : 401);
  });

  it.each(['GET /admin', 'POST /healthz', 'GET /admin/stop', 'PUT /join', 'GET /nothing'])(
    '%s is none',
    async (route) => {
      expect(await ask(route)).toBe(404);
    },
  );
});
