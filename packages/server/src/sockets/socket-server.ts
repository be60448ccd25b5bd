import { type IncomingMessage, type RequestListener, createServer } from 'node:http';
import { EspalierError, toEspalierError } from '@espalier/core';
import type { FrameConnection } from '@espalier/core/protocol';
import { Server, type Socket } from 'socket.io';
import { acceptSocket } from './socket-connection.js';
import { Doorman } from './doorman.js';
import { DEFAULT_LIMITS, type ConnectionLimits } from './limits.js';
import { peerOf } from './tcp-sockets.js';
import type { Duplex } from 'node:stream';
import { GuardedServer, PATIENCE, type GuardedServerOptions } from './guarded-server.js';
import type { ListenOptions } from './listening.js';
import { packetGuards, type PacketGuards } from './packet-guard.js';
import { targetOf } from './request-target.js';

/** Settings of a coordinator's sockets. */
export interface SocketServerOptions {
  /** Largest frame taken or sent, in bytes. */
  readonly maxFrameBytes: number;
  /** Called with every client that connects; it must subscribe at once. */
  readonly onConnection: (connection: FrameConnection) => void;
  /** Answers ordinary HTTP requests; without it they get 404. */
  readonly onRequest?: GuardedServerOptions['onRequest'];
  /** Limits; those missing are as in {@link DEFAULT_LIMITS}. */
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

/** A server that listens. */
export interface ListeningServer {
  /** For clients, e.g. `http://127.0.0.1:7464`. */
  readonly url: string;
  /** Closes every connection and frees the port. */
  readonly close: () => Promise<void>;
}

/** Room for the event's own words beside a frame of the largest size. */
const EVENT_ROOM = 1024;

/** Path at which socket.io's clients ask for a WebSocket. */
const SOCKET_PATH = '/socket.io/';

/** Parts of a socket server once its options are complete. */
interface Parts {
  readonly options: SocketServerOptions;
  readonly limits: ConnectionLimits;
  readonly onRefusal: (error: EspalierError, peer: string) => void;
}

/**
 * A coordinator's socket.io server on an HTTP server of its own: WebSocket only, uncompressed, one `frame` event with
 * one binary argument and an acknowledgement.
 */
export function createSocketServer(options: SocketServerOptions): SocketServer {
  const { tls = null, onRequest = notFound, onRefusal = ignore } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const parts: Parts = { options, limits, onRefusal };
  return {
    async listen(where = {}) {
      // It never listens: the guarded server hands it the connections that may reach socket.io.
      const inner = createServer();
      const guarded = new GuardedServer({
        ...{ limits, tls, onRequest, onRefusal },
        onUpgrade: (request, socket, head) => {
          if (isOurs(request)) inner.emit('upgrade', request, socket, head);
          else refuseUpgrade(socket);
        },
      });
      const url = await guarded.listen(where);
      const sockets = socketIo(inner, guarded, parts);
      return {
        url,
        close: async () => {
          const closed = sockets.close();
          await Promise.all([closed, guarded.close()]);
        },
      };
    },
  };
}

function socketIo(inner: ReturnType<typeof createServer>, guarded: GuardedServer, parts: Parts): Server {
  const { options, limits, onRefusal } = parts;
  const door = guardedDoor(limits, onRefusal);
  const guards = packetGuards(({ socket }) => {
    onRefusal(useless(), peerOf(socket));
  });
  const sockets = new Server(inner, {
    transports: ['websocket'],
    serveClient: false,
    perMessageDeflate: false,
    httpCompression: false,
    wsEngine: guards.engine,
    maxHttpBufferSize: options.maxFrameBytes + EVENT_ROOM,
    pingInterval: 10_000,
    pingTimeout: 20_000,
    connectTimeout: PATIENCE.headers,
    allowRequest: (request, answer) => {
      const refusal = door.refusal(request);
      answer(refusal?.message, refusal === null);
    },
  });
  sockets.use(door.turnAway);
  sockets.on('connection', (socket) => {
    take(socket, { guarded, guards, parts });
  });
  return sockets;
}

/** A new client. What taking it over throws costs it its connection, and nobody else anything. */
function take(
  socket: Socket,
  {
    guarded,
    guards,
    parts,
  }: { readonly guarded: GuardedServer; readonly guards: PacketGuards; readonly parts: Parts },
): void {
  const { options, limits, onRefusal } = parts;
  const tcp = guarded.tcp.under(socket.request.socket);
  const refused = (error: EspalierError): void => {
    onRefusal(error, peerOf(tcp));
  };
  try {
    options.onConnection(
      acceptSocket(socket, {
        ...{ tcp, maxFrameBytes: options.maxFrameBytes, limits },
        guard: guards.of(socket.request),
        onFlood: () => {
          refused(flooding(limits));
        },
        onRefusal: refused,
      }),
    );
  } catch (error) {
    refused(toEspalierError(error));
    socket.disconnect(true);
  }
}

/** Clients ask for a WebSocket at once; a session that another connection has begun cannot be taken over. */
function isOurs(request: IncomingMessage): boolean {
  const target = targetOf(request);
  return target?.path === SOCKET_PATH && !new URLSearchParams(target.query).has('sid');
}

function refuseUpgrade(socket: Duplex): void {
  socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n', () => {
    socket.destroy();
  });
}

interface GuardedDoor {
  /** Why that request may not become a WebSocket, or null. */
  readonly refusal: (request: IncomingMessage) => EspalierError | null;
  /** Ends a connection that was let in only to hear why it may not stay. */
  readonly turnAway: (socket: Socket, next: (error?: Error) => void) => void;
}

/** A browser cannot read why a WebSocket was not opened, so who finds no room is let in, told, and let out again. */
function guardedDoor(
  limits: ConnectionLimits,
  onRefusal: (error: EspalierError, peer: string) => void,
): GuardedDoor {
  const doorman = new Doorman(limits);
  const crowded = new WeakMap<IncomingMessage, EspalierError>();
  return {
    refusal: (request) => {
      const crowding = doorman.crowding(request);
      if (crowding) onRefusal(crowding, peerOf(request.socket));
      if (crowding && doorman.mayHearWhy(request)) {
        crowded.set(request, crowding);
        return null;
      }
      if (!crowding) doorman.enter(request);
      return crowding;
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

function useless(): EspalierError {
  return new EspalierError(
    'limit_exceeded',
    'it sent messages that this protocol does not have, again and again: speak it as docs/protocol.md says',
  );
}

const ignore = (): void => undefined;

const notFound: RequestListener = (_, response) => {
  response.writeHead(404).end();
};
