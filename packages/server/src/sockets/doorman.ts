import type { IncomingMessage } from 'node:http';
import { EspalierError } from '@espalier/core';
import type { ConnectionLimits } from './limits.js';

/** Counts who is in, and says who may not come in. */
export class Doorman {
  readonly #limits: ConnectionLimits;
  readonly #open = new Map<string, number>();

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /**
   * Why that request may not become a connection, or null. Browsers say which page a script is of: a page of somebody
   * else's, that a participant happens to look at, could otherwise use what its address may do.
   */
  refusal({ headers, socket }: IncomingMessage): EspalierError | null {
    const { origin, host } = headers;
    if (origin !== undefined && !this.#mayCome(origin, host)) {
      return new EspalierError(
        'unauthorized',
        `pages of ${origin} may not connect: allow them with --origin ${origin}`,
        { origin },
      );
    }
    const address = addressOf(socket.remoteAddress);
    const most = this.#limits.connectionsPerAddress;
    if ((this.#open.get(address) ?? 0) < most) return null;
    return new EspalierError(
      'limit_exceeded',
      `${address} has ${most} connections already: close some, or raise --max-connections-per-address`,
      { address, most },
    );
  }

  /** A connection came in; gives how to count it out. */
  enter(remote: string | undefined): () => void {
    const address = addressOf(remote);
    this.#open.set(address, (this.#open.get(address) ?? 0) + 1);
    return () => {
      const left = (this.#open.get(address) ?? 1) - 1;
      if (left > 0) this.#open.set(address, left);
      else this.#open.delete(address);
    };
  }

  #mayCome(origin: string, host: string | undefined): boolean {
    const { origins } = this.#limits;
    if (origins.includes('*') || origins.includes(origin)) return true;
    return URL.canParse(origin) && new URL(origin).host === host;
  }
}

/** An IPv4 address is the same however it came. */
function addressOf(remote = 'unknown'): string {
  return remote.replace(/^::ffff:/, '');
}
