import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { EspalierError } from '@espalier/core';
import type { ConnectionLimits } from './limits.js';
import { addressOf } from './socket-census.js';

/** Connections of one address that are told at the same time why there is no room for them. */
const HEARING = 8;

/** Counts the WebSockets of each address, and says where there is no more room. */
export class Doorman {
  readonly #limits: ConnectionLimits;
  readonly #open = new Map<string, number>();
  /** Number of connections being told that there is no room, by address. */
  readonly #hearing = new Map<string, number>();

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
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
