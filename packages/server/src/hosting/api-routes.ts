import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Invitation, ReportRun } from '@espalier/core/report';
import type { Handler } from './pages.js';
import { RunStream } from './run-stream.js';
import { secure } from './security-headers.js';
import { pathOf } from '../sockets/index.js';

/** Controls of a running job. */
export interface RunControls {
  start(): void;
  pause(): void;
  resume(): void;
  stop(reason: string): void;
}

/** Sources of the answers that pages ask for. */
export interface ApiSources {
  /** Null where there is nothing to take part in. */
  readonly invitation: Invitation | null;
  readonly run: () => ReportRun;
  /** The model as a file; null before there is one. */
  readonly bundle: () => Uint8Array | null;
  /** Null for a run that has ended. */
  readonly controls: RunControls | null;
  /** Returns true when a request may see figures, the model and the controls. */
  readonly mayWatch: (request: IncomingMessage) => boolean;
}

/** The pages' own routes, and how to end them in order. */
export interface Api {
  readonly handler: Handler;
  /** Tells everybody who watches how the run ended. */
  close(): Promise<void>;
}

const CONTROLS = new Set(['start', 'pause', 'resume', 'stop'] as const);
type ControlName = 'start' | 'pause' | 'resume' | 'stop';

/** The pages' routes: those for everybody, and those for the admin token. */
export const API_ROUTES = {
  open: ['GET /api/job'],
  token: [
    ...['GET /api/run', 'GET /api/stream', 'GET /api/model'],
    ...[...CONTROLS].map((name) => `POST /api/${name}`),
  ],
} as const;

/**
 * `GET /api/job` for everybody; with the admin token `GET /api/run`, `GET /api/stream` (a line of JSON whenever the run
 * changes), `GET /api/model` and `POST /api/{start,pause,resume,stop}`.
 */
export function apiRoutes(sources: ApiSources): Api {
  const streams = new Set<RunStream>();
  const invitation = sources.invitation && Buffer.from(`${JSON.stringify(sources.invitation)}\n`);
  const watch = (response: ServerResponse): void => {
    const stream = new RunStream(response, sources.run);
    streams.add(stream);
    void stream.gone.then(() => streams.delete(stream));
  };
  return {
    handler: (request, response, next): void | Promise<void> => {
      const path = pathOf(request);
      if (!path.startsWith('/api/')) {
        return next();
      }
      secure(response);
      const route = `${request.method ?? ''} ${path.slice('/api/'.length)}`;
      if (route === 'GET job') invite(response, invitation);
      else if (!sources.mayWatch(request)) reply(response, 401, { error: 'give the admin token' });
      else if (route === 'GET run') reply(response, 200, sources.run());
      else if (route === 'GET stream') watch(response);
      else if (route === 'GET model') sendModel(response, sources.bundle());
      else control(route, response, sources.controls);
      return undefined;
    },
    close: async () => {
      await Promise.all([...streams].map((stream) => stream.end()));
    },
  };
}

/** Everybody may ask, so the text is made once: however many answers wait, they share it. */
function invite(response: ServerResponse, invitation: Buffer | null): void {
  if (invitation === null) {
    reply(response, 404, NO_JOB);
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(invitation);
}

const NO_JOB = { error: 'this is a finished run; there is nothing to take part in' };

function control(route: string, response: ServerResponse, controls: RunControls | null): void {
  const name = [...CONTROLS].find((each) => route === `POST ${each}`);
  if (!name) reply(response, 404, { error: `no ${route} here` });
  else if (!controls) reply(response, 409, { error: 'this run has ended' });
  else {
    perform(controls, name);
    reply(response, 200, { done: name });
  }
}

function perform(controls: RunControls, name: ControlName): void {
  if (name === 'stop') controls.stop('stopped on the dashboard');
  else controls[name]();
}

function sendModel(response: ServerResponse, bundle: Uint8Array | null): void {
  if (bundle === null) {
    reply(response, 404, { error: 'there is no model yet' });
    return;
  }
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': bundle.length,
    'content-disposition': 'attachment; filename="model.espalier"',
    'cache-control': 'no-store',
  });
  response.end(bundle);
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}
