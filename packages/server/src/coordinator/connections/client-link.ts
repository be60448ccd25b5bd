import type { TokenId } from '../../security/admission.js';
import { toEspalierError, type EspalierError } from '@espalier/core';
import type {
  ClientId,
  ConnectionId,
  ClientMessage,
  FrameConnection,
  ServerMessage,
} from '@espalier/core/protocol';
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
  type UnfinishedTransfer,
  type WireContext,
} from '@espalier/proto';
import { toldOf } from './told-of.js';

/** A message with the bytes it was read from, and their SHA-256. */
export interface ReadMessage {
  readonly message: ClientMessage;
  readonly bytes: Uint8Array;
  readonly sha256: Uint8Array;
}

/** A round sends a client two or three. */
const MOST_QUEUED = 16;

/** Longest message before there is a seat: a join with a thousand long class names. */
const STRANGERS_BYTES = 64 * 1024;

function strangersLimits({ maxFrameBytes, maxMessageBytes }: FrameLimits): FrameLimits {
  return {
    maxFrameBytes: Math.min(maxFrameBytes, STRANGERS_BYTES),
    maxMessageBytes: Math.min(maxMessageBytes, STRANGERS_BYTES),
  };
}

/** State that a client's connection hands on to its next one. */
export interface LinkRemainder {
  /** Hash of the mask that the client has. */
  readonly mask: string | null;
  readonly unfinished: UnfinishedTransfer | null;
}

/** Record of the model that a client was last sent. */
export interface SentModel {
  /** Hash of the model's mask. */
  readonly mask: string;
  /** Round and mask of values that it is to measure; null for values that it is to train or to keep. */
  readonly values: string | null;
}

/** Callbacks by which a link reports to the coordinator. */
export interface LinkHandlers {
  /** With the bytes it was read from, which may be kept as they are. */
  readonly onMessage: (link: ClientLink, received: ReadMessage) => void;
  readonly onClose: (link: ClientLink) => void;
  /** A message that could not be read. */
  readonly onError: (link: ClientLink, error: EspalierError) => void;
}

/** Resources shared by all links of a coordinator. */
export interface LinkWire {
  readonly context: WireContext;
  readonly limits: FrameLimits;
  readonly hash: HashMaker;
  /** Buffers that messages are assembled in; those of an answer are returned once it is stored. */
  readonly pool: BufferPool;
  /**
   * Memory in which the values of an update are inspected. All links share it, so its contents last only
   * until the next message.
   */
  readonly memory: FloatMemory;
}

/** One connection of somebody who is, or wants to be, a client. */
export class ClientLink {
  /** For the reducer's events. */
  readonly id: ConnectionId;
  readonly nonce: Uint8Array;
  readonly connection: FrameConnection;
  #clientId: ClientId | null = null;
  #tokenId: TokenId | null = null;
  #knownMask: string | null = null;
  #knownValues: string | null = null;
  #deliveredMask: string | null = null;
  #isReturning = false;
  #poolSent = false;
  readonly #channel: Channel<ServerMessage>;
  readonly #limits: FrameLimits;
  /** Messages queued and not yet taken by the other end. */
  #queued = 0;
  #sending: Promise<void> = Promise.resolve();
  #detached = false;

  constructor(
    {
      id,
      nonce,
      connection,
    }: { readonly id: ConnectionId; readonly nonce: Uint8Array; readonly connection: FrameConnection },
    handlers: LinkHandlers,
    { context, limits, hash, pool, memory }: LinkWire,
  ) {
    this.id = id;
    this.#limits = limits;
    this.nonce = nonce;
    this.connection = connection;
    this.#channel = openChannel<ServerMessage, ReadMessage>(connection, {
      encode: (message) => encodeServerMessage(message, context),
      decode: (bytes, sha256) => ({ message: decodeClientMessage(bytes, context, memory), bytes, sha256 }),
      ...strangersLimits(limits),
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

  /** The client whose seat it has; null before that. */
  get clientId(): ClientId | null {
    return this.#clientId;
  }

  /** The token it came in with; null before that, and where everybody is let in. */
  get tokenId(): TokenId | null {
    return this.#tokenId;
  }

  /** Hash of the mask this connection was sent last; null before the first. */
  get knownMask(): string | null {
    return this.#knownMask;
  }

  /** Round and mask of the values that this connection was sent to measure; null when it was sent others since. */
  get knownValues(): string | null {
    return this.#knownValues;
  }

  /** Hash of the last mask that arrived whole. */
  get deliveredMask(): string | null {
    return this.#deliveredMask;
  }

  /** True when it showed the token of a seat that it had before. */
  get isReturning(): boolean {
    return this.#isReturning;
  }

  /** True when the pool has been sent over this connection. */
  get poolSent(): boolean {
    return this.#poolSent;
  }

  /** Queues a message; a connection that breaks under it is reported by `onClose`. */
  send(message: ServerMessage): void {
    this.#queue(() => this.#channel.send(message));
  }

  /** It has asked for a seat, with a valid token where one is needed. */
  admitted(tokenId: TokenId | null, { isReturning }: { readonly isReturning: boolean }): void {
    this.#tokenId = tokenId;
    this.#isReturning = isReturning;
  }

  /** It has a seat: from now on it may send whole updates. */
  seated(clientId: ClientId): void {
    this.#clientId = clientId;
    this.#channel.setLimits(this.#limits);
  }

  /** Resolves when everything queued so far has been taken, or the connection is gone. */
  sent(): Promise<void> {
    return this.#sending;
  }

  /** As {@link send}, of a message that others get too. */
  sendPrepared(message: PreparedMessage): void {
    this.#queue(() => this.#channel.sendPrepared(message));
  }

  /** As {@link sendPrepared}, of a message that holds a model: its receiver then has that mask, and those values to measure. */
  sendModel(message: PreparedMessage, { mask, values }: SentModel): void {
    this.#knownMask = mask;
    this.#knownValues = values;
    this.#queue(async () => {
      await this.#channel.sendPrepared(message);
      this.#deliveredMask = mask;
    });
  }

  /** As {@link sendPrepared}, of the message that holds the pool. */
  sendPool(message: PreparedMessage): void {
    this.#poolSent = true;
    this.sendPrepared(message);
  }

  /** The client has lost track of its mask: the next one goes out whole. */
  forgetMask(): void {
    this.#knownMask = null;
    this.#knownValues = null;
  }

  /** Returns the part of a message that had arrived when the connection broke. */
  unfinished(): UnfinishedTransfer | null {
    return this.#channel.unfinished();
  }

  /** Takes over from the client's connection before: what it sends again may begin where that broke. */
  takeOver({ mask, unfinished }: LinkRemainder): void {
    this.#knownMask = mask;
    this.#deliveredMask = mask;
    if (unfinished) this.#channel.resume(unfinished);
  }

  /**
   * Queues a message. A client that does not read holds the memory of a few messages, and then loses its
   * connection.
   */
  #queue(send: () => Promise<void>): void {
    if (this.#queued >= MOST_QUEUED) {
      this.#channel.close(`${MOST_QUEUED} messages wait to be taken`);
      return;
    }
    this.#queued++;
    this.#sending = send()
      .catch(() => undefined)
      .finally(() => {
        this.#queued--;
      });
  }

  /** Tells why, then closes. */
  refuse(error: EspalierError): void {
    this.send({ kind: 'refused', ...toldOf(error), fatal: true });
    void this.close(error.code);
  }

  /** As {@link refuse} of somebody who may see nothing more: what is under way is broken off, at the price of the reason. */
  expel(error: EspalierError): void {
    if (this.#queued > 0) this.#channel.close(error.code);
    else this.refuse(error);
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
