import { EspalierError } from '@espalier/core';

/** Limits on one direction of a connection. */
export interface FrameLimits {
  /** Bytes of one frame, header included. */
  readonly maxFrameBytes: number;
  /** Bytes of one whole message. */
  readonly maxMessageBytes: number;
}

/** The smallest cap on frames: below it a frame would be mostly header. */
export const MIN_FRAME_BYTES = 256;

/** The cap in force until the challenge names the job's own. */
export const DEFAULT_MAX_FRAME_BYTES = 256 * 1024;

/** A bound for messages where the graph is not known yet; the challenge and the welcome are far smaller. */
export const DEFAULT_MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** @throws EspalierError `invalid_argument` when the cap is not a whole number of at least {@link MIN_FRAME_BYTES}. */
export function checkFrameCap(maxFrameBytes: number): void {
  if (Number.isSafeInteger(maxFrameBytes) && maxFrameBytes >= MIN_FRAME_BYTES) return;
  throw new EspalierError(
    'invalid_argument',
    `maxFrameBytes is ${maxFrameBytes}; it must be a whole number of at least ${MIN_FRAME_BYTES}`,
  );
}
