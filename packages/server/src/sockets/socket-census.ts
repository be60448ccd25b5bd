import type { Socket } from 'node:net';

/** Room for TCP connections. */
export interface CensusLimits {
  /** All of them together, WebSockets included. */
  readonly connections: number;
  /** Connections of one address that have not become WebSockets yet. */
  readonly waitingPerAddress: number;
  /** Called with one that is not taken, or makes way for another, before it is ended. */
  readonly onCrowded: (socket: Socket) => void;
}

/** A connection that is no WebSocket yet. */
interface Guest {
  readonly socket: Socket;
  readonly address: string;
  /** Requests that are being answered. */
  answering: number;
}

/**
 * Counts TCP connections from when they are accepted, before they send a byte. Where there is no more room, the one that
 * has been idle or half-sent for longest makes way: an honest client says at once what it wants, so that a crowd that
 * says nothing cannot keep it out.
 */
export class SocketCensus {
  readonly #limits: CensusLimits;
  readonly #guests = new Map<Socket, Guest>();
  /** Connections of each address, oldest first. */
  readonly #byAddress = new Map<string, Set<Guest>>();
  #count = 0;

  constructor(limits: CensusLimits) {
    this.#limits = limits;
  }

  /** Connections that are open now. */
  get count(): number {
    return this.#count;
  }

  /** Counts it until it closes, or ends it where there is no room for it. */
  admit(socket: Socket): void {
    if (this.#hasRoom(socket)) this.#enter(socket);
    else this.#end(socket);
  }

  #hasRoom(socket: Socket): boolean {
    // It has been reset meanwhile.
    if (socket.remoteAddress === undefined) return false;
    const address = addressOf(socket.remoteAddress);
    const same = this.#byAddress.get(address)?.size ?? 0;
    if (same >= this.#limits.waitingPerAddress && !this.#makeRoom(address)) return false;
    return this.#count < this.#limits.connections || this.#makeRoom(this.#mostCrowded());
  }

  #enter(socket: Socket): void {
    const address = addressOf(socket.remoteAddress);
    const guest: Guest = { socket, address, answering: 0 };
    this.#guests.set(socket, guest);
    const ofAddress = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, ofAddress.add(guest));
    this.#count++;
    socket.once('close', () => {
      this.#count--;
      this.#forget(socket);
    });
  }

  #end(socket: Socket): void {
    this.#limits.onCrowded(socket);
    socket.destroy();
  }

  /** Counts a request that is being answered until the given function is called; gives how many its connection has. */
  answering(socket: Socket): { readonly requests: number; readonly done: () => void } {
    const guest = this.#guests.get(socket);
    if (!guest) return { requests: 1, done: () => undefined };
    guest.answering++;
    return { requests: guest.answering, done: () => guest.answering-- };
  }

  /** It has become a WebSocket: others watch over it now. */
  upgraded(socket: Socket): void {
    this.#forget(socket);
  }

  /** Ends all connections but WebSockets. */
  endAll(): void {
    for (const socket of [...this.#guests.keys()]) socket.destroy();
  }

  /** Ends the oldest connection of that address that is not being answered; false when there is none. */
  #makeRoom(address: string | null): boolean {
    const guests = address === null ? [] : (this.#byAddress.get(address) ?? []);
    for (const { socket, answering } of guests) {
      if (answering > 0) continue;
      // Counted out when it has closed, a moment later; its place is taken now.
      this.#forget(socket);
      this.#end(socket);
      return true;
    }
    return false;
  }

  #mostCrowded(): string | null {
    let most = 0;
    let found: string | null = null;
    for (const [address, { size }] of this.#byAddress) {
      if (size <= most) continue;
      most = size;
      found = address;
    }
    return found;
  }

  #forget(socket: Socket): void {
    const guest = this.#guests.get(socket);
    if (!guest) return;
    this.#guests.delete(socket);
    const same = this.#byAddress.get(guest.address);
    same?.delete(guest);
    if (same?.size === 0) this.#byAddress.delete(guest.address);
  }
}

/** An address without its port; an IPv4 address is the same however it came. */
export function addressOf(remote = 'unknown'): string {
  return remote.replace(/^::ffff:/, '');
}
