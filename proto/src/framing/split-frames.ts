import { EspalierError } from '@espalier/core';
import { v1, writeWire } from '../wire.js';
import { checkFrameCap } from './frame-limits.js';
import { RunningDigest, type HashMaker } from './running-digest.js';

/**
 * Upper bound of what a frame holds beside its chunk: transfer id and index (6 bytes each), check (10), the chunk's
 * tag and length (6) and, in the first frame, the header (42).
 */
const FRAME_OVERHEAD = 70;

/** How to cut a message. */
export interface SplitOptions {
  /** A whole number in [0, 2³²), one more with every message of this direction. */
  readonly transferId: number;
  /** No frame is larger, its own header included. */
  readonly maxFrameBytes: number;
  /** SHA-256 in place of the portable one. */
  readonly hash?: HashMaker;
}

/**
 * The message as frames, made as they are asked for; at least one, also for an empty message.
 * @throws EspalierError `invalid_argument` on a cap below 256 bytes, `frame_too_large` for a message of 4 GiB or more.
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
  for (const [index, chunk] of chunks.entries()) {
    yield writeWire(v1.Frame, {
      transferId: options.transferId,
      index,
      check: checks[index]!,
      chunk,
      ...(index === 0 ? { header } : {}),
    });
  }
}

function cut(message: Uint8Array, chunkBytes: number): Uint8Array[] {
  const count = Math.max(1, Math.ceil(message.length / chunkBytes));
  return Array.from({ length: count }, (_, i) => message.subarray(i * chunkBytes, (i + 1) * chunkBytes));
}
