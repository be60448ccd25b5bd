import { createHash, type Hash } from 'node:crypto';
import { splitFrames } from '@espalier/proto';
import { nodeHash } from '@espalier/server';

/**
 * Eight bytes that occur once in every update, as its `seconds`; they differ by client, so no two updates
 * match.
 */
const STAMP = 0.123_456_789_012_345_67;

/**
 * An update made once and given a stamp of its own for every client: only the last frame's end, its check and the hash
 * of the whole change, so that many clients can send without hashing and coding.
 */
export class StampedUpdate {
  /** Value of the field that carries the stamp in the template. */
  static readonly stamp = STAMP;
  readonly bytes: number;
  readonly #frames: readonly Buffer[];
  readonly #begun: Hash;
  readonly #tail: Buffer;
  readonly #sha: Buffer;

  /**
   * @param message encoded, with {@link StampedUpdate.stamp} near its end
   * @param transferId of the frames
   */
  constructor(
    message: Uint8Array,
    { transferId, maxFrameBytes }: { transferId: number; maxFrameBytes: number },
  ) {
    const whole = Buffer.from(message.buffer, message.byteOffset, message.length);
    const at = whole.lastIndexOf(stampBytes(STAMP));
    this.#tail = whole.subarray(at);
    this.#begun = createHash('sha256').update(whole.subarray(0, at));
    this.#sha = createHash('sha256').update(whole).digest();
    const frames = splitFrames(message, { transferId, maxFrameBytes, hash: nodeHash });
    this.#frames = [...frames].map((frame) => Buffer.from(frame.buffer, frame.byteOffset, frame.length));
    this.bytes = this.#frames.reduce((sum, { length }) => sum + length, 0);
  }

  /** The frames of one client's update. */
  frames(client: number): readonly Uint8Array[] {
    const stamp = stampBytes(1 + client / 2 ** 24);
    const sha = this.#begun
      .copy()
      .update(Buffer.concat([stamp, this.#tail.subarray(8)]))
      .digest();
    const last = this.#frames.length - 1;
    return this.#frames.map((frame, index) => {
      if (index !== 0 && index !== last) return frame;
      const own = Buffer.from(frame);
      if (index === 0) replace(own, this.#sha, sha);
      if (index === last) {
        replace(own, stampBytes(STAMP), stamp);
        replace(own, this.#sha.subarray(0, 8), sha.subarray(0, 8));
      }
      return own;
    });
  }
}

function stampBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

/** A single frame holds the hash's beginning twice, in its header and as its check: the whole hash went first. */
function replace(frame: Buffer, old: Buffer, fresh: Buffer): void {
  const at = frame.indexOf(old);
  if (at >= 0) fresh.copy(frame, at);
}
