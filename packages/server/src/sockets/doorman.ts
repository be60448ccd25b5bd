import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { EspalierError } from '@espalier/core';
import type { ConnectionLimits } from './limits.js';

/** Connections of one address that are told at the same time why there is no room for them. */
const HEARING = 8;

/** Counts who is in, and says who may not come in. */
export class Doorman {
  readonly #limits: ConnectionLimits;
  readonly #open = new Map<string, number>();
  /** Those who are being told that there is no room. */
  readonly #hearing = new Map<string, number>();

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /**
   * Why that request may not become a connection, or null. Browsers say which page a script is of: a page of somebody
   * else's, that a participant happens to look at, could otherwise use what its address may do.
   */
  refusal({ headers }: IncomingMessage): EspalierError | null {
    const { origin, host } = headers;
    if (origin !== undefined && !this.#mayCome(origin, host)) {
      return new EspalierError(
        'unauthorized',
        `pages of ${origin} may not connect: allow them with --origin ${origin}`,
        { origin },
      );
    }
    return null;
  }

  /** Why there is no more room for connections from that request's address, or null. */
  crowding({ socket }: IncomingMessage): EspalierError | null {
    const address = addressOf(socket.remoteAddress);
    const most = this.#limits.connectionsPerAddress;
    if ((this.#open.get(address) ?? 0) < most) return null;
    return new EspalierError(
      'limit_exceeded',
      `${address} has ${most} connections already: close some, or raise --max-connections-per-address`,
      { address, most },
    );
  }

  /** Counts a connection in, and out when its socket closes. */
  enter({ socket }: IncomingMessage): void {
    count(this.#open, socket);
  }

  /** True, and counted, where somebody who finds no room may still come in to be told so: a few at a time. */
  mayHearWhy({ socket }: IncomingMessage): boolean {
    if ((this.#hearing.get(addressOf(socket.remoteAddress)) ?? 0) >= HEARING) return false;
    count(this.#hearing, socket);
    return true;
  }

  #mayCome(origin: string, host: string | undefined): boolean {
    const { origins } = this.#limits;
    if (origins.includes('*') || origins.includes(origin)) return true;
    return URL.canParse(origin) && new URL(origin).host === host;
  }
}

function count(counts: Map<string, number>, socket: Socket): void {
  const address = addressOf(socket.remoteAddress);
  counts.set(address, (counts.get(address) ?? 0) + 1);
  socket.once('close', () => {
    const left = (counts.get(address) ?? 1) - 1;
    if (left > 0) counts.set(address, left);
    else counts.delete(address);
  });
}

/** An IPv4 address is the same however it came. */
function addressOf(remote = 'unknown'): string {
  return remote.replace(/^::ffff:/, '');
}
