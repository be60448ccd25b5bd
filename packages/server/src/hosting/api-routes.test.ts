import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { buildModel } from '@espalier/core';
import type { Invitation, ReportRun, RoundMetrics } from '@espalier/core/report';
import { apiRoutes, type Api, type ApiSources } from './api-routes.js';
import { pageHandler } from './pages.js';
import type { StreamedRun } from './run-stream.js';

const run: ReportRun = {
  kind: 'run',
  job: {
    ...{
      name: 'test',
      method: 'fedtiny',
      seed: 1,
      model: 'mlp',
      rounds: 3,
      numClients: 2,
      targetDensity: 0.1,
    },
    ...{ classes: ['a', 'b'], layers: [], parameters: 10, denseBytes: 40 },
  },
  ...{ phase: 'train', round: 1, paused: false, prepared: true, seconds: 4, metrics: [], control: null },
  ...{ selection: null, summary: null, bytes: { up: 1, down: 2 }, clients: [], events: [] },
};
const line = (round: number, accuracy: number | null): RoundMetrics =>
  ({ round, accuracy, loss: accuracy, trainLoss: 1 }) as RoundMetrics;
const invitation = { name: 'test', graph: buildModel({ name: 'mlp', width: 8 }, [2, 2, 1], 2) } as Invitation;

let pages: string;
beforeAll(async () => {
  pages = await mkdtemp(join(tmpdir(), 'espalier-pages-'));
  await writeFile(join(pages, 'join.html'), '<p>join</p>');
  await writeFile(join(pages, 'join.html.gz'), gzipSync('<p>join</p>'));
});
afterAll(() => rm(pages, { recursive: true, force: true }));

let server: Server;
let api: Api;
let done: string[];
let sources: ApiSources;
let now: ReportRun;
beforeEach(async () => {
  done = [];
  now = run;
  sources = {
    invitation,
    run: () => now,
    bundle: () => Uint8Array.of(1, 2, 3),
    controls: {
      start: () => void done.push('start'),
      pause: () => void done.push('pause'),
      resume: () => void done.push('resume'),
      stop: (reason) => void done.push(reason),
    },
    mayWatch: ({ headers }) => headers.authorization === 'Bearer secret',
  };
  await listen();
});
afterEach(async () => {
  await api.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function listen(): Promise<void> {
  api = apiRoutes(sources);
  const serve = pageHandler(pages);
  server = createServer((request, response) => {
    void api.handler(request, response, () =>
      serve(request, response, () => {
        response.writeHead(404).end();
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}

function ask(path: string, { token = 'secret', method = 'GET' } = {}): Promise<Response> {
  const { port } = server.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
}

describe('what pages ask for', () => {
  it.each([
    ['GET', '/api/job', 'nobody', 200],
    ['GET', '/api/run', 'nobody', 401],
    ['GET', '/api/stream', 'nobody', 401],
    ['GET', '/api/model', 'nobody', 401],
    ['POST', '/api/stop', 'nobody', 401],
    ['GET', '/api/run', 'secret', 200],
    ['GET', '/api/model', 'secret', 200],
    ['GET', '/api/stop', 'secret', 404],
    ['POST', '/api/nothing', 'secret', 404],
  ])('%s %s by %s is %p', async (method, path, token, code) => {
    expect((await ask(path, { method, token })).status).toBe(code);
    expect(done).toEqual([]);
  });

  it('controls the run', async () => {
    for (const name of ['start', 'pause', 'resume', 'stop']) await ask(`/api/${name}`, { method: 'POST' });
    expect(done).toEqual(['start', 'pause', 'resume', 'stopped on the dashboard']);
  });

  it('tells of changed lines alone, and of the end', async () => {
    now = { ...run, metrics: [line(0, 0.5), line(1, null)] };
    const { body } = await ask('/api/stream');
    const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
    const next = async (): Promise<StreamedRun> =>
      JSON.parse((await reader.read()).value ?? '') as StreamedRun;
    expect(await next()).toMatchObject({ from: 0, run: { metrics: [{ round: 0 }, { round: 1 }] } });
    // The second line was not judged yet, so it comes again.
    now = { ...run, metrics: [line(0, 0.5), line(1, 0.6), line(2, null)] };
    expect(await next()).toMatchObject({ from: 1, run: { metrics: [{ accuracy: 0.6 }, { round: 2 }] } });
    now = { ...now, phase: 'finished' };
    const [last] = await Promise.all([next(), api.close()]);
    expect(last).toMatchObject({ from: 2, run: { phase: 'finished' } });
    expect((await reader.read()).done).toBe(true);
  });
});

describe('pages', () => {
  it('come compressed, isolated, and with a policy that lets nothing else in', async () => {
    const response = await ask('/join');
    expect(await response.text()).toBe('<p>join</p>');
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(response.headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(response.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';");
    expect(policy).not.toMatch(/unsafe-inline|unsafe-eval'.*'unsafe-eval|https?:|\*|data:|blob:/);
  });

  it.each(['bytes=5-2', 'bytes=0-3', 'bytes=-1', 'x'])(
    'are sent whole whatever range is asked for: %s',
    async (range) => {
      const { port } = server.address() as AddressInfo;
      const response = await fetch(`http://127.0.0.1:${port}/join`, { headers: { range } });
      expect([response.status, await response.text()]).toEqual([200, '<p>join</p>']);
    },
  );

  it('are not sent twice to whoever has them', async () => {
    const { port } = server.address() as AddressInfo;
    const headers = { 'accept-encoding': 'identity' };
    const first = await fetch(`http://127.0.0.1:${port}/join/`, { headers });
    const etag = first.headers.get('etag') ?? '';
    expect([first.headers.get('content-encoding'), await first.text()]).toEqual([null, '<p>join</p>']);
    const again = await fetch(`http://127.0.0.1:${port}/join`, {
      headers: { ...headers, 'if-none-match': etag },
    });
    expect(again.status).toBe(304);
  });

  it.each(['/nothing', '/../package.json', '/%2e%2e/package.json'])('%s is none', async (path) => {
    expect((await ask(path)).status).toBe(404);
  });
});
