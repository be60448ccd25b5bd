import {
  createServer as createHttpServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { EspalierError, toEspalierError } from '@espalier/core';
import { AllowedHosts } from './allowed-hosts.js';
import { mostConnections } from './descriptors.js';
import type { ConnectionLimits } from './limits.js';
import { startListening, urlOf, type ListenOptions } from './listening.js';
import { addressOf, SocketCensus } from './socket-census.js';
import { targetOf } from './request-target.js';
import { peerOf, TcpSockets } from './tcp-sockets.js';

/** Settings of a guarded server, and handlers of the connections that it lets in. */
export interface GuardedServerOptions {
  readonly limits: ConnectionLimits;
  /** Certificate and key in PEM form; null speaks plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** Answers a request; what it throws is answered with 500. */
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
  /** Takes a connection over; without it no request is upgraded. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Somebody was turned away, or answering failed (`internal`). */
  readonly onRefusal: (error: EspalierError, peer: string) => void;
}

/** Milliseconds for the headers of a request, for the whole of it, and without a byte in either direction. */
export const PATIENCE = { headers: 10_000, request: 30_000, silence: 60_000 } as const;

/** Requests of one connection that are answered at the same time; browsers send one. */
const MOST_PIPELINED = 8;

/** Connections of an address before they are WebSockets, beyond those that it may have as such. */
const WAITING_ROOM = 16;

const SERVER_OPTIONS: ServerOptions = {
  headersTimeout: PATIENCE.headers,
  requestTimeout: PATIENCE.request,
  connectionsCheckingInterval: 1000,
};

/** Statuses of requests that could not be read, by Node's codes; others are 400. */
const UNREADABLE: ReadonlyMap<string, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
]);

/**
 * An HTTP server that strangers may reach. Connections are counted before they say anything; requests are read with a
 * refusal; those meant for another host are refused; and nothing that a handler throws, or a socket reports, ends the
 * process.
 */
export class GuardedServer {
  readonly http: HttpServer;
  readonly tcp: TcpSockets;
  readonly #options: GuardedServerOptions;
  readonly #census: SocketCensus;
  #hosts: AllowedHosts | null = null;

  constructor(options: GuardedServerOptions) {
    const { tls, limits } = options;
    this.#options = options;
    this.#census = new SocketCensus({
      connections: mostConnections(limits.connections),
      waitingPerAddress: limits.connectionsPerAddress + WAITING_ROOM,
      onCrowded: (socket) => {
        options.onRefusal(crowded(socket), peerOf(socket));
      },
    });
    this.http = tls
      ? createHttpsServer({ ...SERVER_OPTIONS, ...tls, handshakeTimeout: PATIENCE.headers })
      : createHttpServer(SERVER_OPTIONS);
    this.http.timeout = PATIENCE.silence;
    // First of the listeners: what it turns away nobody else sees.
    this.http.on('connection', (socket: Socket) => {
      this.#connected(socket);
    });
    this.http.on('secureConnection', (socket: Socket) => socket.on('error', ignore));
    this.tcp = new TcpSockets(this.http);
    this.http.on('request', (request, response) => void this.#answer(request, response));
    this.http.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      this.#unreadable(error, socket);
    });
    if (options.onUpgrade) {
      this.http.on('upgrade', (request, socket, head) => {
        this.#upgrade(request, socket, head);
      });
    }
  }

  /** The address, e.g. `http://127.0.0.1:7464`. @throws EspalierError `port_in_use`, `invalid_argument`. */
  async listen({ host = '127.0.0.1', port = 0 }: ListenOptions): Promise<string> {
    const { limits, tls } = this.#options;
    const { publicUrls, origins } = limits;
    this.#hosts = new AllowedHosts({ publicUrls, origins, listening: host, certificate: tls?.cert ?? null });
    await startListening(this.http, host, port);
    return urlOf(this.http, tls ? 'https' : 'http');
  }

  /** Ends what is no WebSocket, and resolves when those have gone too. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.http.close(() => {
        resolve();
      });
      this.http.closeAllConnections();
      this.#census.endAll();
    });
  }

  #connected(socket: Socket): void {
    // A peer may reset it at any time, also while nobody else listens.
    socket.on('error', ignore);
    this.#census.admit(socket);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', ignore);
    response.on('error', ignore);
    const { requests, done } = this.#census.answering(this.tcp.under(request.socket));
    response.once('close', done);
    if (requests > MOST_PIPELINED) {
      this.#options.onRefusal(pipelined(), peerOf(request.socket));
      request.socket.destroy();
      return;
    }
    const refusal = this.#refusalOf(request);
    if (refusal) {
      reply(response, refusal);
      return;
    }
    try {
      await this.#options.onRequest(request, response);
    } catch (error) {
      this.#failed(request, error);
      if (response.headersSent) response.destroy();
      else reply(response, { status: 500, error: OWN_MISTAKE });
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refusalOf(request);
    if (refusal) {
      endRaw(socket, refusal.status, refusal.error);
      return;
    }
    this.#census.upgraded(this.tcp.under(request.socket));
    try {
      this.#options.onUpgrade?.(request, socket, head);
    } catch (error) {
      this.#failed(request, error);
      endRaw(socket, 500, OWN_MISTAKE);
    }
  }

  /**
   * Returns the refusal of a request that no handler should see, after reporting it; null when the request is
   * acceptable.
   */
  #refusalOf(request: IncomingMessage): { readonly status: number; readonly error: EspalierError } | null {
    const refusal =
      targetOf(request) === null
        ? { status: 400, error: noTarget(request) }
        : (this.#hosts?.refusal(request) ?? null);
    if (refusal) this.#options.onRefusal(refusal.error, peerOf(request.socket));
    return refusal;
  }

  #failed(request: IncomingMessage, cause: unknown): void {
    const { code, rawMessage } = toEspalierError(cause);
    const asked = `${request.method ?? ''} ${request.url ?? ''}`.slice(0, 200);
    const message = `answering ${JSON.stringify(asked)} failed: ${code} ${rawMessage}`;
    this.#options.onRefusal(new EspalierError('internal', message), peerOf(request.socket));
  }

  #unreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
    // Nobody is there any more to be told.
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const status = UNREADABLE.get(error.code ?? '') ?? 400;
    const refusal = new EspalierError('malformed_message', `a request could not be read: ${error.message}`);
    if (socket instanceof Socket) this.#options.onRefusal(refusal, peerOf(socket));
    endRaw(socket, status, refusal);
  }
}

const OWN_MISTAKE = new EspalierError(
  'internal',
  "this request could not be answered; the coordinator's log says why",
);

function noTarget({ url = '' }: IncomingMessage): EspalierError {
  const shown = JSON.stringify(url.slice(0, 100));
  return new EspalierError(
    'malformed_message',
    `${shown} is no path of this server; expected one such as /join`,
  );
}

function crowded(socket: Socket): EspalierError {
  const address = addressOf(socket.remoteAddress);
  return new EspalierError(
    'limit_exceeded',
    `no room for another connection of ${address}: close some, raise --max-connections or --max-connections-per-address, or the limit of open files (ulimit -n)`,
    { address },
  );
}

function pipelined(): EspalierError {
  return new EspalierError(
    'limit_exceeded',
    `more than ${MOST_PIPELINED} requests of one connection waited: wait for an answer before asking again`,
    { most: MOST_PIPELINED },
  );
}

function reply(
  response: ServerResponse,
  { status, error }: { readonly status: number; readonly error: EspalierError },
): void {
  const body = bodyOf(error);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(body);
}

function bodyOf({ code, rawMessage }: EspalierError): string {
  return `${JSON.stringify({ code, error: rawMessage })}\n`;
}

/** Answers on a socket that is no response any more, and ends it whether or not the answer is read. */
function endRaw(socket: Duplex, status: number, error: EspalierError): void {
  socket.on('error', ignore);
  const body = bodyOf(error);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => {
    socket.destroy();
  });
  setTimeout(() => {
    socket.destroy();
  }, 1000).unref();
}

const ignore = (): void => undefined;
