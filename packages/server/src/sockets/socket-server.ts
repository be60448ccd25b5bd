import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { EspalierError, type FrameConnection } from '@espalier/core';
import { Server } from 'socket.io';
import { acceptSocket } from './socket-connection.js';
import { TcpSockets } from './tcp-sockets.js';

/** How a coordinator listens. */
export interface SocketServerOptions {
  /** Largest frame taken or sent, in bytes. */
  readonly maxFrameBytes: number;
  /** Called with every client that connects; it must subscribe at once. */
  readonly onConnection: (connection: FrameConnection) => void;
  /** Answers ordinary HTTP requests; without it they get 404. */
  readonly onRequest?: RequestListener;
  /** Certificate and key in PEM form; null (the default) speaks plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string } | null;
}

/** A server that does not listen yet. */
export interface SocketServer {
  /** @throws EspalierError `port_in_use`; `invalid_argument` for a host or port that cannot be listened on. */
  listen(where?: ListenOptions): Promise<ListeningServer>;
}

/** Where to listen: loopback and a free port unless told otherwise. */
export interface ListenOptions {
  readonly host?: string;
  readonly port?: number;
}

/** A server that listens. */
export interface ListeningServer {
  /** For clients, e.g. `http://127.0.0.1:7464`. */
  readonly url: string;
  /** Closes every connection and frees the port. */
  readonly close: () => Promise<void>;
}

/** Room for the event's own words beside a frame of the largest size. */
const EVENT_ROOM = 1024;

/**
 * A coordinator's socket.io server on an HTTP server of its own: WebSocket only, uncompressed, one `frame` event with
 * one binary argument and an acknowledgement.
 */
export function createSocketServer(options: SocketServerOptions): SocketServer {
  const { tls = null, maxFrameBytes, onConnection, onRequest = notFound } = options;
  return {
    async listen({ host = '127.0.0.1', port = 0 } = {}) {
      const http = tls
        ? createHttpsServer({ cert: tls.cert, key: tls.key }, onRequest)
        : createHttpServer(onRequest);
      const tcp = new TcpSockets(http);
      await startListening(http, host, port);
      const sockets = new Server(http, {
        transports: ['websocket'],
        serveClient: false,
        perMessageDeflate: false,
        httpCompression: false,
        maxHttpBufferSize: maxFrameBytes + EVENT_ROOM,
        pingInterval: 10_000,
        pingTimeout: 20_000,
      });
      sockets.on('connection', (socket) => {
        onConnection(acceptSocket(socket, { tcp: tcp.under(socket.request.socket), maxFrameBytes }));
      });
      return { url: urlOf(http, tls ? 'https' : 'http'), close: () => closeAll(sockets, http) };
    },
  };
}

const notFound: RequestListener = (_, response) => {
  response.writeHead(404).end();
};

function startListening(http: HttpServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      reject(listenError(error, host, port));
    });
    http.listen({ host, port }, resolve);
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): EspalierError {
  if (error.code === 'EADDRINUSE') {
    return new EspalierError(
      'port_in_use',
      `port ${port} on ${host} is taken, perhaps by another coordinator; stop that one, or choose another port with --port (0 takes a free one)`,
      { host, port },
    );
  }
  return new EspalierError('invalid_argument', `cannot listen on ${host} port ${port}: ${error.message}`, {
    host,
    port,
  });
}

function urlOf(http: HttpServer, scheme: string): string {
  // A TCP server that listens has an AddressInfo; strings belong to pipes.
  const { address, family, port } = http.address() as AddressInfo;
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

async function closeAll(sockets: Server, http: HttpServer): Promise<void> {
  const closed = sockets.close();
  http.closeAllConnections();
  await closed;
}
