import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';

/**
 * The TCP sockets of a server's open connections. Under TLS a request only knows the socket inside the encryption,
 * whose counters miss what encryption adds.
 */
export class TcpSockets {
  readonly #open = new Map<string, Socket>();

  /** To be made before the server listens. */
  constructor(http: HttpServer) {
    http.on('connection', (socket: Socket) => {
      const peer = peerOf(socket);
      this.#open.set(peer, socket);
      socket.once('close', () => {
        this.#open.delete(peer);
      });
    });
  }

  /** The TCP socket under a request's, which is that one itself without TLS. */
  under(socket: Socket): Socket {
    return this.#open.get(peerOf(socket)) ?? socket;
  }
}

/** A peer's address and port, which no two open connections of a listener share. */
export function peerOf({ remoteAddress = 'unknown', remotePort = 0 }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}
