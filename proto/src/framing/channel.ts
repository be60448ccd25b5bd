import { EspalierError, toEspalierError } from '@espalier/core';
import type { FrameConnection, Traffic } from '@espalier/core/protocol';
import { FrameAssembler, type FrameTools, type UnfinishedTransfer } from './frame-assembler.js';
import { checkFrameCap, type FrameLimits } from './frame-limits.js';
import { PreparedMessage } from './prepared-message.js';
import { offerFrame, type TransferOffer } from './split-frames.js';

/**
 * Callbacks by which a channel informs its owner; none is called before the call that opened it has returned.
 */
export interface ChannelHandlers<Incoming> {
  readonly onMessage: (message: Incoming) => void;
  /** Called once, whichever end closed it. */
  readonly onClose: (reason: string) => void;
  /**
   * A message that could not be decoded, or a handler that threw: the channel goes on. `transfer_corrupt`,
   * `frame_too_large` and a malformed frame: the channel closes, for the place in the stream is lost.
   */
  readonly onError: (error: EspalierError) => void;
}

/**
 * Options that a channel needs from its owner; the same for client and server, with the two envelopes
 * exchanged.
 */
export interface ChannelOptions<Outgoing, Incoming>
  extends FrameLimits, FrameTools, ChannelHandlers<Incoming> {
  readonly encode: (message: Outgoing) => Uint8Array;
  /** @param sha256 of the bytes, as checked */
  readonly decode: (bytes: Uint8Array, sha256: Uint8Array) => Incoming;
}

/** Messages over a connection. */
export interface Channel<Outgoing> {
  /** For logs: the peer's address. */
  readonly peer: string;
  /**
   * Queues the message; messages leave whole and in order. Resolves when the other end has taken the last
   * frame. Rejects with `connection_lost`, or with the error of encoding (the channel stays open).
   */
  send(message: Outgoing): Promise<void>;
  /** As `send`, of a message that other channels send too. */
  sendPrepared(message: PreparedMessage): Promise<void>;
  /** Received part of a message when the connection broke; null if none was under way. */
  unfinished(): UnfinishedTransfer | null;
  /**
   * Tells the other end about a transfer that an earlier connection left unfinished, so that it sends only
   * the rest; call it before the other end sends that message again. It may still send all of it.
   */
  resume(unfinished: UnfinishedTransfer): void;
  /** Messages not yet sent reject with `connection_lost`. */
  close(reason: string): void;
  /** New limits from now on, for both directions, e.g. those of the job. @throws EspalierError `invalid_argument`. */
  setLimits(limits: Partial<FrameLimits>): void;
  /** Bytes that really crossed, framing included. */
  traffic(): Traffic;
}

/** Takes the connection over: subscribes to it, and frames and codes messages both ways. */
export function openChannel<Outgoing, Incoming>(
  connection: FrameConnection,
  options: ChannelOptions<Outgoing, Incoming>,
): Channel<Outgoing> {
  return new MessageChannel(connection, options);
}

class MessageChannel<Outgoing, Incoming> implements Channel<Outgoing> {
  readonly peer: string;
  readonly #connection: FrameConnection;
  readonly #options: ChannelOptions<Outgoing, Incoming>;
  readonly #assembler: FrameAssembler;
  #limits: FrameLimits;
  #tail: Promise<unknown> = Promise.resolve();
  #transferId = 0;
  #offer: TransferOffer | null = null;
  #closed: string | null = null;

  constructor(connection: FrameConnection, options: ChannelOptions<Outgoing, Incoming>) {
    const { maxFrameBytes, maxMessageBytes } = options;
    this.peer = connection.peer;
    this.#connection = connection;
    this.#options = options;
    this.#limits = { maxFrameBytes, maxMessageBytes };
    this.#assembler = new FrameAssembler(this.#limits, options);
    // A connection delivers held frames within `subscribe`, before the owner has the channel.
    void Promise.resolve().then(() => {
      this.#subscribe();
    });
  }

  send(message: Outgoing): Promise<void> {
    return this.#inTurn(() => this.#prepare(message));
  }

  sendPrepared(message: PreparedMessage): Promise<void> {
    return this.#inTurn(() => message);
  }

  close(reason: string): void {
    this.#closed ??= reason;
    this.#connection.close(reason);
  }

  unfinished(): UnfinishedTransfer | null {
    return this.#assembler.unfinished();
  }

  resume(unfinished: UnfinishedTransfer): void {
    this.#assembler.resume(unfinished);
    const offering = this.#tail.then(() => this.#sendFrame(offerFrame(unfinished.offer)));
    // A connection that breaks again is noticed by the next send.
    this.#tail = offering.catch(() => undefined);
  }

  setLimits(limits: Partial<FrameLimits>): void {
    const next = { ...this.#limits, ...limits };
    checkFrameCap(next.maxFrameBytes);
    this.#limits = next;
    this.#assembler.setLimits(next);
  }

  traffic(): Traffic {
    return this.#connection.traffic();
  }

  #subscribe(): void {
    this.#connection.subscribe({
      onFrame: (frame) => {
        this.#receive(frame);
      },
      onClose: (reason) => {
        this.#closed ??= reason;
        this.#options.onClose(reason);
      },
    });
  }

  #inTurn(message: () => PreparedMessage): Promise<void> {
    const turn = this.#tail.then(() => this.#transmit(message));
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  #prepare(message: Outgoing): PreparedMessage {
    return new PreparedMessage(this.#options.encode(message), this.#options.hash);
  }

  async #transmit(message: () => PreparedMessage): Promise<void> {
    this.#checkOpen();
    const prepared = message();
    const transferId = this.#transferId;
    this.#transferId = (transferId + 1) % 2 ** 32;
    for (const frame of prepared.frames(transferId, this.#limits.maxFrameBytes, this.#offerFor(prepared))) {
      this.#checkOpen();
      await this.#sendFrame(frame);
    }
  }

  /** Part of a message that the other end already holds; it can be used once, for that message. */
  #offerFor(prepared: PreparedMessage): TransferOffer | null {
    this.#offer = this.#assembler.takeOffer() ?? this.#offer;
    if (this.#offer === null || !prepared.is(this.#offer.sha256)) return null;
    const offer = this.#offer;
    this.#offer = null;
    return offer;
  }

  async #sendFrame(frame: Uint8Array): Promise<void> {
    try {
      await this.#connection.send(frame);
    } catch (thrown) {
      // Half a message may have been sent: the other end could not tell where the next begins.
      this.close('a frame could not be sent');
      throw thrown;
    }
  }

  #checkOpen(): void {
    if (this.#closed === null) return;
    throw new EspalierError('connection_lost', `the connection to ${this.peer} is closed: ${this.#closed}`);
  }

  #receive(frame: Uint8Array): void {
    if (this.#closed !== null) return;
    const bytes = this.#assembled(frame);
    if (bytes !== null)
      this.#guarded(() => {
        this.#options.onMessage(this.#options.decode(bytes, this.#assembler.sha256));
      });
  }

  #assembled(frame: Uint8Array): Uint8Array | null {
    try {
      return this.#assembler.push(frame);
    } catch (thrown) {
      const error = toEspalierError(thrown);
      this.#options.onError(error);
      this.close(error.message);
      return null;
    }
  }

  #guarded(action: () => void): void {
    try {
      action();
    } catch (thrown) {
      this.#options.onError(toEspalierError(thrown));
    }
  }
}
