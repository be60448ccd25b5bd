import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';

/** A socket.io server that listens and does nothing but acknowledge. */
export interface BareServer {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/**
 * Baseline that a coordinator is measured against: socket.io with the coordinator's settings, on loopback,
 * that acknowledges every frame and drops it.
 * @param maxFrameBytes largest message taken, in bytes
 */
export async function listenBare(maxFrameBytes: number): Promise<BareServer> {
  const http = createServer();
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const sockets = new Server(http, {
    transports: ['websocket'],
    serveClient: false,
    perMessageDeflate: false,
    httpCompression: false,
    maxHttpBufferSize: maxFrameBytes,
    // Its clients sit still while the coordinator's work, on a machine that is busy with them.
    pingTimeout: 600_000,
  });
  sockets.on('connection', (socket) => {
    socket.on('frame', (_: unknown, acknowledge: (refusal: null) => void) => {
      acknowledge(null);
    });
  });
  // A TCP server that listens has an AddressInfo; strings belong to pipes.
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = sockets.close();
      http.closeAllConnections();
      await closed;
    },
  };
}
