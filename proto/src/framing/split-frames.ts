import { EspalierError } from '@espalier/core';
import { v1, writeWire } from '../wire.js';
import { checkFrameCap } from './frame-limits.js';
import { RunningDigest, sameBytes, type HashMaker } from './running-digest.js';

/**
 * Upper bound on the bytes of a frame besides its chunk: transfer id and index (6 bytes each), check (10),
 * the chunk's tag and length (6) and, in the first frame, the header (42).
 */
const FRAME_OVERHEAD = 70;

/** Settings for cutting a message. */
export interface SplitOptions {
  /** A whole number in [0, 2³²), one more with every message of this direction. */
  readonly transferId: number;
  /** No frame is larger, its own header included. */
  readonly maxFrameBytes: number;
  /** SHA-256 in place of the portable one. */
  readonly hash?: HashMaker;
  /** Part that the other end already holds; the frames begin after it if it fits this message and cap. */
  readonly offer?: TransferOffer | null;
}

/** The beginning of a message that one end holds from an earlier connection. */
export interface TransferOffer {
  /** Hash of the whole message. */
  readonly sha256: Uint8Array;
  /** Chunks held, from the first on; at least 1. */
  readonly chunks: number;
  /** Bytes of each. */
  readonly chunkBytes: number;
}

/** Frame that carries the offer. */
export function offerFrame({ sha256, chunks, chunkBytes }: TransferOffer): Uint8Array {
  return writeWire(v1.Frame, { offer: { sha256, chunks, chunkBytes } });
}

/**
 * The message as frames, made on demand; at least one, also for an empty message.
 * @throws EspalierError `invalid_argument` on a cap below 256 bytes, `frame_too_large` for a message of 4 GiB
 * or more.
 */
export function splitFrames(message: Uint8Array, options: SplitOptions): Iterable<Uint8Array> {
  checkFrameCap(options.maxFrameBytes);
  if (message.length > 0xffffffff) {
    throw new EspalierError(
      'frame_too_large',
      `a message of ${message.length} bytes; a transfer carries below 2³²`,
    );
  }
  return frames(message, options);
}

function* frames(message: Uint8Array, options: SplitOptions): Generator<Uint8Array, void> {
  const chunks = cut(message, options.maxFrameBytes - FRAME_OVERHEAD);
  const digest = new RunningDigest(options.hash);
  const checks = chunks.map((chunk) => digest.extend(chunk));
  const header = { totalBytes: message.length, sha256: digest.digest() };
  const first = firstMissing(options, header.sha256, chunks.length);
  for (const [index, chunk] of chunks.entries()) {
    if (index < first) continue;
    yield writeWire(v1.Frame, {
      transferId: options.transferId,
      index,
      check: checks[index]!,
      chunk,
      ...(index === first ? { header } : {}),
    });
  }
}

function firstMissing({ offer, maxFrameBytes }: SplitOptions, sha256: Uint8Array, count: number): number {
  if (!offer || offer.chunkBytes !== maxFrameBytes - FRAME_OVERHEAD) return 0;
  return sameBytes(offer.sha256, sha256) && offer.chunks < count ? offer.chunks : 0;
}

function cut(message: Uint8Array, chunkBytes: number): Uint8Array[] {
  const count = Math.max(1, Math.ceil(message.length / chunkBytes));
  return Array.from({ length: count }, (_, i) => message.subarray(i * chunkBytes, (i + 1) * chunkBytes));
}
