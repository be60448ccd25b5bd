import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CoordinatorStatus } from '../coordinator/index.js';
import { adminRoutes } from './admin-routes.js';

const status: CoordinatorStatus = {
  phase: 'train',
  round: 3,
  rounds: 9,
  prepared: true,
  refusals: { late: 4 },
  bytes: { up: 10, down: 20 },
  aggregation: { last: 0.5, total: 2 },
  clients: [],
};

let server: Server;
let now: CoordinatorStatus;
beforeEach(async () => {
  now = status;
  const actions = { status: () => now, stop: () => (now = { ...now, phase: 'finished' }) };
  const routes = adminRoutes((shown) => shown === 'secret', actions);
  server = createServer((request, response) => void routes(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

function ask(path: string, { token = '', method = 'GET' } = {}): Promise<Response> {
  const { port } = server.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, connection: 'close' },
  });
}

describe('the control side', () => {
  it.each([
    ['/healthz', '', 200],
    ['/readyz', '', 200],
    ['/metrics', '', 401],
    ['/metrics', 'guess', 401],
    ['/metrics', 'secret', 200],
    ['/admin/status', '', 401],
    ['/admin/status', 'secret', 200],
    ['/elsewhere', 'secret', 404],
  ])('%s with the token %p is %p', async (path, token, code) => {
    expect((await ask(path, { token })).status).toBe(code);
  });

  it('is not ready before there is a model, nor after the end', async () => {
    now = { ...status, prepared: false };
    expect((await ask('/readyz')).status).toBe(503);
    now = status;
    await ask('/admin/stop', { token: 'secret', method: 'POST' });
    expect((await ask('/readyz')).status).toBe(503);
  });

  it('gives Prometheus the run and the process', async () => {
    const text = await (await ask('/metrics', { token: 'secret' })).text();
    expect(text).toContain('espalier_round 3');
    expect(text).toContain('espalier_refusals{code="late"} 4');
    expect(text).toContain('espalier_bytes{direction="up"} 10');
    expect(text).toContain('espalier_aggregation_seconds{of="lastRound"} 0.5');
    expect(text).toContain('espalier_clients{state="excluded"} 0');
    expect(text).toMatch(/nodejs_eventloop_lag_seconds/);
    expect(text).toMatch(/process_resident_memory_bytes \d+/);
  });
});
