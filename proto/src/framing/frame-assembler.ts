import { EspalierError } from '@espalier/core';
import type { BufferPool } from './buffer-pool.js';
import { decoding, malformed } from '../failure.js';
import { readWire, v1 } from '../wire.js';
import { checkFrameCap, type FrameLimits } from './frame-limits.js';
import { RunningDigest, sameBytes, type HashMaker } from './running-digest.js';
import type { TransferOffer } from './split-frames.js';

/** Tools for handling frames. */
export interface FrameTools {
  /** SHA-256 in place of the portable one; the bytes on the wire are the same. */
  readonly hash?: HashMaker;
  /** Source of memory for messages; the receiver of a message may give it back. */
  readonly pool?: BufferPool;
}

/** Memory taken on the mere claim of a length. */
const FIRST_BUFFER_BYTES = 64 * 1024;

/**
 * Reassembles the messages of one direction from frames. One transfer is open at a time; memory is bounded by
 * twice the bytes actually received, and by the limit on messages.
 */
export class FrameAssembler {
  readonly #hash: HashMaker | undefined;
  readonly #pool: BufferPool | undefined;
  #limits: FrameLimits;
  #open: Transfer | null = null;
  #held: Transfer | null = null;
  #offer: TransferOffer | null = null;
  #sha256 = new Uint8Array();

  /**
   * @param tools platform replacements for the portable hash and for fresh memory
   * @throws EspalierError `invalid_argument` on a cap below 256 bytes.
   */
  constructor(limits: FrameLimits, { hash, pool }: FrameTools = {}) {
    checkFrameCap(limits.maxFrameBytes);
    this.#limits = limits;
    this.#hash = hash;
    this.#pool = pool;
  }

  /** Offer that the other end made of what it holds, once; null if it has made none since the last call. */
  takeOffer(): TransferOffer | null {
    const offer = this.#offer;
    this.#offer = null;
    return offer;
  }

  /** The message under way, or still held, for another connection to continue; null when there is none. */
  unfinished(): UnfinishedTransfer | null {
    return this.#open ?? this.#held;
  }

  /** Goes on with a message that another connection left unfinished, if the other end does. */
  resume(unfinished: UnfinishedTransfer): void {
    if (unfinished instanceof Transfer) this.#held = unfinished;
  }

  /** Hash of the message that {@link push} returned last; empty before the first. */
  get sha256(): Uint8Array {
    return this.#sha256;
  }

  /** Changes the limits from the next frame on. @throws EspalierError `invalid_argument`. */
  setLimits(limits: FrameLimits): void {
    checkFrameCap(limits.maxFrameBytes);
    this.#limits = limits;
  }

  /**
   * Takes a frame; returns the message when it was the last, otherwise null. After an error the open transfer
   * is discarded, and only a first frame is accepted.
   * @throws EspalierError `frame_too_large` when a frame or a claimed length exceeds its limit, before
   * anything is decoded or allocated; `transfer_corrupt` when frames are out of order or a hash differs;
   * `malformed_message` when the bytes are not a frame.
   */
  push(frame: Uint8Array): Uint8Array | null {
    const transfer = this.#open;
    this.#open = null;
    if (frame.length > this.#limits.maxFrameBytes) {
      throw tooLarge('a frame', frame.length, this.#limits.maxFrameBytes);
    }
    const next = decoding('a frame', () => readFrame(frame));
    if (next.offer !== null) {
      this.#offer = next.offer;
      this.#open = transfer;
      return null;
    }
    const current =
      next.header === null ? continued(transfer, next) : this.#begun(transfer, next, next.header);
    current.append(next);
    if (current.missing > 0) {
      this.#open = current;
      return null;
    }
    const message = current.finish();
    this.#sha256 = current.header.sha256;
    return message;
  }

  #begun(transfer: Transfer | null, { transferId, index }: ReadFrame, header: ReadHeader): Transfer {
    if (transfer !== null) {
      throw corrupt(
        `transfer ${transferId} began while ${transfer.missing} bytes of ${transfer.id} were missing`,
      );
    }
    const held = this.#held;
    // Another message of its size: the held part will not be resumed.
    if (held !== null && header.totalBytes >= held.header.totalBytes) this.#held = null;
    if (held !== null && held.nextIndex === index && sameBytes(held.header.sha256, header.sha256)) {
      held.resumeAs(transferId);
      return held;
    }
    if (index !== 0) throw corrupt(`frame ${index} of transfer ${transferId} claims to be the first`);
    const { maxMessageBytes } = this.#limits;
    if (header.totalBytes > maxMessageBytes) throw tooLarge('a message', header.totalBytes, maxMessageBytes);
    const { totalBytes } = header;
    const buffer = this.#pool?.take(totalBytes) ?? new Uint8Array(Math.min(totalBytes, FIRST_BUFFER_BYTES));
    return new Transfer(transferId, { header, digest: new RunningDigest(this.#hash), buffer });
  }
}

/** The beginning of a message whose connection broke. */
export interface UnfinishedTransfer {
  /** Offer to send to the other end. */
  readonly offer: TransferOffer;
  /** Memory that it holds. */
  readonly bytes: number;
}

interface ReadHeader {
  readonly totalBytes: number;
  readonly sha256: Uint8Array<ArrayBuffer>;
}

interface ReadFrame {
  readonly transferId: number;
  readonly index: number;
  readonly check: Uint8Array;
  readonly chunk: Uint8Array;
  readonly header: ReadHeader | null;
  readonly offer: TransferOffer | null;
}

function readFrame(frame: Uint8Array): ReadFrame {
  const wire: v1.Frame.$Shape = readWire(v1.Frame, frame);
  const { transferId = 0, index = 0, check = new Uint8Array(), chunk = new Uint8Array() } = wire;
  return { transferId, index, check, chunk, header: readHeader(wire.header), offer: readOffer(wire.offer) };
}

function readOffer(wire: v1.Offer.$Shape | null | undefined): TransferOffer | null {
  if (wire === null || wire === undefined) return null;
  const { sha256 = new Uint8Array(), chunks = 0, chunkBytes = 0 } = wire;
  if (sha256.length !== 32) throw malformed(`a hash of ${sha256.length} bytes; a SHA-256 has 32`);
  return { sha256: new Uint8Array(sha256), chunks, chunkBytes };
}

function readHeader(wire: v1.TransferHeader.$Shape | null | undefined): ReadHeader | null {
  if (wire === null || wire === undefined) return null;
  const { totalBytes = 0, sha256 = new Uint8Array() } = wire;
  if (sha256.length !== 32) throw malformed(`a hash of ${sha256.length} bytes; a SHA-256 has 32`);
  // A copy: the frame's memory belongs to the transport.
  return { totalBytes, sha256: new Uint8Array(sha256) };
}

function continued(transfer: Transfer | null, { transferId, index }: ReadFrame): Transfer {
  if (transfer === null) throw corrupt(`frame ${index} of transfer ${transferId} came without its beginning`);
  if (transfer.id === transferId && transfer.nextIndex === index) return transfer;
  throw corrupt(
    `frame ${index} of transfer ${transferId} came; expected ${transfer.nextIndex} of ${transfer.id}`,
  );
}

/** A message under way. */
class Transfer implements UnfinishedTransfer {
  readonly header: ReadHeader;
  readonly #digest: RunningDigest;
  #buffer: Uint8Array;
  #id: number;
  #nextIndex = 0;
  #received = 0;
  #chunkBytes = 0;

  constructor(
    id: number,
    parts: { readonly header: ReadHeader; readonly digest: RunningDigest; readonly buffer: Uint8Array },
  ) {
    this.#id = id;
    this.header = parts.header;
    this.#digest = parts.digest;
    this.#buffer = parts.buffer;
  }

  /** The number in its frames. */
  get id(): number {
    return this.#id;
  }

  /** The frame that must come next. */
  get nextIndex(): number {
    return this.#nextIndex;
  }

  /** Goes on under another number, over another connection. */
  resumeAs(id: number): void {
    this.#id = id;
  }

  get offer(): TransferOffer {
    return { sha256: this.header.sha256, chunks: this.nextIndex, chunkBytes: this.#chunkBytes };
  }

  get bytes(): number {
    return this.#buffer.length;
  }

  /** Bytes still to come. */
  get missing(): number {
    return this.header.totalBytes - this.#received;
  }

  append({ index, check, chunk }: ReadFrame): void {
    if (chunk.length > this.missing) {
      throw corrupt(
        `frame ${index} of transfer ${this.id} has ${chunk.length} bytes; ${this.missing} are missing`,
      );
    }
    // Without it a peer could send empty frames for ever.
    if (chunk.length === 0 && this.missing > 0)
      throw corrupt(`frame ${index} of transfer ${this.id} is empty`);
    if (!sameBytes(this.#digest.extend(chunk), check)) {
      throw corrupt(`the check of frame ${index} of transfer ${this.id} does not match its bytes`);
    }
    if (index === 0) this.#chunkBytes = chunk.length;
    this.#makeRoom(this.#received + chunk.length);
    this.#buffer.set(chunk, this.#received);
    this.#received += chunk.length;
    this.#nextIndex = index + 1;
  }

  finish(): Uint8Array {
    if (!sameBytes(this.#digest.digest(), this.header.sha256)) {
      throw corrupt(`transfer ${this.id} does not have the hash that its first frame announced`);
    }
    return this.#buffer;
  }

  /**
   * Reserves twice the bytes received, never beyond the announced length, which it therefore reaches exactly.
   */
  #makeRoom(bytes: number): void {
    if (bytes <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.min(this.header.totalBytes, 2 * bytes));
    grown.set(this.#buffer.subarray(0, this.#received));
    this.#buffer = grown;
  }
}

function corrupt(sentence: string): EspalierError {
  return new EspalierError('transfer_corrupt', `${sentence}; connect again`);
}

function tooLarge(what: string, got: number, limit: number): EspalierError {
  return new EspalierError('frame_too_large', `${what} of ${got} bytes came; at most ${limit} are taken`, {
    got,
    limit,
  });
}
