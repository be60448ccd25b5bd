import {
  toEspalierError,
  type ClientMessage,
  type EspalierError,
  type FrameConnection,
  type ServerMessage,
} from '@espalier/core';
import {
  decodeClientMessage,
  encodeServerMessage,
  openChannel,
  type BufferPool,
  type Channel,
  type FrameLimits,
  type FloatMemory,
  type HashMaker,
  type PreparedMessage,
  type WireContext,
} from '@espalier/proto';

/** A message with the bytes it was read from, and their SHA-256. */
export interface ReadMessage {
  readonly message: ClientMessage;
  readonly bytes: Uint8Array;
  readonly sha256: Uint8Array;
}

/** What a link tells the coordinator. */
export interface LinkHandlers {
  /** With the bytes it was read from, which may be kept as they are. */
  readonly onMessage: (link: ClientLink, received: ReadMessage) => void;
  readonly onClose: (link: ClientLink) => void;
  /** A message that could not be read. */
  readonly onError: (link: ClientLink, error: EspalierError) => void;
}

/** What all links of a coordinator share. */
export interface LinkWire {
  readonly context: WireContext;
  readonly limits: FrameLimits;
  readonly hash: HashMaker;
  /** Where messages are put together; an answer's bytes go back once they are stored. */
  readonly pool: BufferPool;
  /** Where the values of an update are looked at: the same place for all, so they hold until the next message. */
  readonly memory: FloatMemory;
}

/** One connection of somebody who is, or wants to be, a client. */
export class ClientLink {
  /** For the reducer's events. */
  readonly id: string;
  readonly nonce: Uint8Array;
  readonly connection: FrameConnection;
  /** Set when it has a seat. */
  clientId: string | null = null;
  /** The token it came in with; null before that, and where everybody is let in. */
  tokenId: string | null = null;
  /** Hash of the mask this connection was sent last; null before the first. */
  knownMask: string | null = null;
  /** The pool has been sent over this connection. */
  poolSent = false;
  readonly #channel: Channel<ServerMessage>;
  #sending: Promise<void> = Promise.resolve();
  #detached = false;

  constructor(
    {
      id,
      nonce,
      connection,
    }: { readonly id: string; readonly nonce: Uint8Array; readonly connection: FrameConnection },
    handlers: LinkHandlers,
    { context, limits, hash, pool, memory }: LinkWire,
  ) {
    this.id = id;
    this.nonce = nonce;
    this.connection = connection;
    this.#channel = openChannel<ServerMessage, ReadMessage>(connection, {
      encode: (message) => encodeServerMessage(message, context),
      decode: (bytes, sha256) => ({ message: decodeClientMessage(bytes, context, memory), bytes, sha256 }),
      ...limits,
      hash,
      pool,
      onMessage: (received) => {
        if (!this.#detached) handlers.onMessage(this, received);
      },
      onClose: () => {
        if (!this.#detached) handlers.onClose(this);
      },
      onError: (error) => {
        if (!this.#detached) handlers.onError(this, toEspalierError(error));
      },
    });
  }

  /** Queues a message; a connection that breaks under it is reported by `onClose`. */
  send(message: ServerMessage): void {
    this.#sending = this.#channel.send(message).catch(() => undefined);
  }

  /** Resolves when everything queued so far has been taken, or the connection is gone. */
  sent(): Promise<void> {
    return this.#sending;
  }

  /** As {@link send}, of a message that others get too. */
  sendPrepared(message: PreparedMessage): void {
    this.#sending = this.#channel.sendPrepared(message).catch(() => undefined);
  }

  /** Tells why, then closes. */
  refuse(error: EspalierError): void {
    const { code, rawMessage, facts } = error;
    this.send({ kind: 'refused', code, message: rawMessage, facts, fatal: true });
    void this.close(code);
  }

  /** Closes once everything queued has left. */
  async close(reason: string): Promise<void> {
    await this.#sending;
    this.#channel.close(reason);
  }

  /** Another connection has taken its place: nothing of this one counts any longer. */
  detach(): void {
    this.#detached = true;
    void this.close('replaced by a newer connection');
  }
}
