import { EspalierError } from '@espalier/core';
import type { ClientLink } from './client-link.js';
import type { ConnectionOptions } from './connection-options.js';

/** Seconds between looks at the tokens of those who are in and silent. */
const LOOK_EVERY = 2;

/** Access that the watch needs to the connections it checks. */
export interface WatchHandlers {
  readonly links: () => Iterable<ClientLink>;
  /** Tells why and closes. */
  readonly refuse: (link: ClientLink, error: EspalierError) => void;
  /** The same of somebody who may see nothing more, not even what is under way. */
  readonly expel: (link: ClientLink, error: EspalierError) => void;
}

/**
 * Closes connections that take too long to be admitted, and those of clients that may no longer stay: a token
 * may be revoked while its client is connected.
 */
export class AdmissionWatch {
  readonly #options: ConnectionOptions;
  readonly #handlers: WatchHandlers;
  readonly #waiting = new Map<ClientLink, () => void>();
  #cancelLook: () => void = () => undefined;
  #isOpen = true;

  constructor(options: ConnectionOptions, handlers: WatchHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    if (options.admission !== null) this.#lookLater();
  }

  /** A new connection: it must have a seat in time. */
  watch(link: ClientLink): void {
    const { handshakeSeconds, schedule } = this.#options;
    if (handshakeSeconds === undefined) return;
    const cancel = schedule(handshakeSeconds, () => {
      this.#waiting.delete(link);
      if (link.clientId !== null) return;
      const message = `no seat after ${handshakeSeconds} seconds: connect again once the data are read`;
      this.#handlers.refuse(link, new EspalierError('limit_exceeded', message, { handshakeSeconds }));
    });
    this.#waiting.set(link, cancel);
  }

  /** True when it may stay; else it has been told and is being closed. Asked before anything it sends is looked at. */
  checkStay(link: ClientLink): boolean {
    const { admission } = this.#options;
    const { tokenId } = link;
    if (admission === null || tokenId === null || admission.allows(tokenId)) return true;
    this.#handlers.expel(link, new EspalierError('unauthorized', 'this join token has been revoked'));
    return false;
  }

  left(link: ClientLink): void {
    this.#waiting.get(link)?.();
    this.#waiting.delete(link);
  }

  /** Nobody is looked after from now on. */
  close(): void {
    this.#isOpen = false;
    this.#cancelLook();
    for (const cancel of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }

  #lookLater(): void {
    if (!this.#isOpen) return;
    this.#cancelLook = this.#options.schedule(LOOK_EVERY, () => {
      for (const link of [...this.#handlers.links()]) this.checkStay(link);
      this.#lookLater();
    });
  }
}
