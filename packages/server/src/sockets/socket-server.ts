import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server as HttpServer,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { EspalierError } from '@espalier/core';
import type { FrameConnection } from '@espalier/core/protocol';
import { Server, type Socket } from 'socket.io';
import { acceptSocket } from './socket-connection.js';
import { Doorman } from './doorman.js';
import { DEFAULT_LIMITS, type ConnectionLimits } from './limits.js';
import { peerOf, TcpSockets } from './tcp-sockets.js';

/** How a coordinator listens. */
export interface SocketServerOptions {
  /** Largest frame taken or sent, in bytes. */
  readonly maxFrameBytes: number;
  /** Called with every client that connects; it must subscribe at once. */
  readonly onConnection: (connection: FrameConnection) => void;
  /** Answers ordinary HTTP requests; without it they get 404. */
  readonly onRequest?: RequestListener;
  /** What is not given is as in {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<ConnectionLimits>;
  /** Somebody was turned away before there was a connection, or cut off for flooding. */
  readonly onRefusal?: (error: EspalierError, peer: string) => void;
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

/** Milliseconds for the steps of a handshake, and for the headers of a request. */
const PATIENCE = 10_000;

/**
 * A coordinator's socket.io server on an HTTP server of its own: WebSocket only, uncompressed, one `frame` event with
 * one binary argument and an acknowledgement.
 */
export function createSocketServer(options: SocketServerOptions): SocketServer {
  const { tls = null, maxFrameBytes, onConnection, onRequest = notFound, onRefusal = ignore } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const onFlood = ({ peer }: FrameConnection): void => {
    onRefusal(flooding(limits), peer);
  };
  return {
    async listen({ host = '127.0.0.1', port = 0 } = {}) {
      const http = tls
        ? createHttpsServer({ cert: tls.cert, key: tls.key }, onRequest)
        : createHttpServer(onRequest);
      http.headersTimeout = PATIENCE;
      const tcp = new TcpSockets(http);
      const door = guardedDoor(limits, onRefusal);
      await startListening(http, host, port);
      const sockets = new Server(http, {
        transports: ['websocket'],
        serveClient: false,
        perMessageDeflate: false,
        httpCompression: false,
        maxHttpBufferSize: maxFrameBytes + EVENT_ROOM,
        pingInterval: 10_000,
        pingTimeout: 20_000,
        connectTimeout: PATIENCE,
        allowRequest: (request, answer) => {
          const refusal = door.refusal(request);
          answer(refusal?.message, refusal === null);
        },
      });
      sockets.use(door.turnAway);
      sockets.on('connection', (socket) => {
        const under = tcp.under(socket.request.socket);
        onConnection(acceptSocket(socket, { tcp: under, maxFrameBytes, limits, onFlood }));
      });
      return { url: urlOf(http, tls ? 'https' : 'http'), close: () => closeAll(sockets, http) };
    },
  };
}

interface GuardedDoor {
  /** Why that request may not become a WebSocket, or null. */
  readonly refusal: (request: IncomingMessage) => EspalierError | null;
  /** Ends a connection that was let in only to hear why it may not stay. */
  readonly turnAway: (socket: Socket, next: (error?: Error) => void) => void;
}

/**
 * A browser cannot read why a WebSocket was not opened, so who finds no room is let in, told, and let out again; pages of
 * other origins are told nothing.
 */
function guardedDoor(
  limits: ConnectionLimits,
  onRefusal: (error: EspalierError, peer: string) => void,
): GuardedDoor {
  const doorman = new Doorman(limits);
  const crowded = new WeakMap<IncomingMessage, EspalierError>();
  return {
    refusal: (request) => {
      const foreign = doorman.refusal(request);
      const crowding = foreign ? null : doorman.crowding(request);
      const refusal = foreign ?? crowding;
      if (refusal) onRefusal(refusal, peerOf(request.socket));
      if (crowding && doorman.mayHearWhy(request)) {
        crowded.set(request, crowding);
        return null;
      }
      if (!refusal) doorman.enter(request);
      return refusal;
    },
    turnAway: (socket, next) => {
      const refusal = crowded.get(socket.request);
      if (!refusal) {
        next();
        return;
      }
      next(Object.assign(new Error(refusal.rawMessage), { data: { code: refusal.code } }));
      // Once the reason has left.
      setImmediate(() => {
        socket.conn.close();
      });
    },
  };
}

function flooding({ bytesInFlight }: ConnectionLimits): EspalierError {
  return new EspalierError(
    'limit_exceeded',
    `more than ${bytesInFlight} bytes waited to be read: wait for acknowledgements, or raise --max-bytes-in-flight`,
    { bytesInFlight },
  );
}

const ignore = (): void => undefined;

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
