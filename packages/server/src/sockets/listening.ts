import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EspalierError } from '@espalier/core';

/** Address to listen at: loopback and a free port unless given. */
export interface ListenOptions {
  readonly host?: string;
  readonly port?: number;
}

/** Resolves when it listens. @throws EspalierError `port_in_use`; `invalid_argument` where nobody can listen. */
export function startListening(http: HttpServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      reject(listenError(error, host, port));
    };
    http.once('error', failed);
    http.listen({ host, port }, () => {
      http.off('error', failed);
      // An accept that fails later, for want of a descriptor, is tried again by the system's next call.
      http.on('error', () => undefined);
      resolve();
    });
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

/** The address of a server that listens, e.g. `http://127.0.0.1:7464`. */
export function urlOf(http: HttpServer, scheme: 'http' | 'https'): string {
  // A TCP server that listens has an AddressInfo; strings belong to pipes.
  const { address, family, port } = http.address() as AddressInfo;
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
