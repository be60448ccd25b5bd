import { portableHash, RunningDigest, sameBytes, type HashMaker } from './running-digest.js';
import { splitFrames, type TransferOffer } from './split-frames.js';

/**
 * A message encoded once for many connections. They share its bytes and, where they are at the same transfer
 * number, as connections with the same history are, its frames too: sending a model to many clients costs the
 * memory of one.
 */
export class PreparedMessage {
  readonly #bytes: Uint8Array;
  readonly #hash: HashMaker;
  #sha256: Uint8Array | null = null;
  /** By cap and transfer number; only the latest few, since late clients come one by one. */
  readonly #cuts = new Map<string, readonly Uint8Array[]>();

  constructor(bytes: Uint8Array, hash: HashMaker = portableHash) {
    this.#bytes = bytes;
    this.#hash = hash;
  }

  /** True when the message has that SHA-256. */
  is(sha256: Uint8Array): boolean {
    this.#sha256 ??= digestOf(this.#bytes, this.#hash);
    return sameBytes(this.#sha256, sha256);
  }

  /**
   * Its frames, without those that the other end says it holds; they are shared and must not be changed.
   * @throws EspalierError as {@link splitFrames}.
   */
  frames(
    transferId: number,
    maxFrameBytes: number,
    offer: TransferOffer | null = null,
  ): readonly Uint8Array[] {
    if (offer) return [...splitFrames(this.#bytes, { transferId, maxFrameBytes, hash: this.#hash, offer })];
    const key = `${maxFrameBytes} ${transferId}`;
    const known = this.#cuts.get(key);
    if (known) return known;
    const made = [...splitFrames(this.#bytes, { transferId, maxFrameBytes, hash: this.#hash })];
    this.#cuts.set(key, made);
    if (this.#cuts.size > MOST_CUTS) this.#cuts.delete(String(this.#cuts.keys().next().value));
    return made;
  }
}

/** Sets of frames kept of one message. */
const MOST_CUTS = 3;

function digestOf(bytes: Uint8Array, hash: HashMaker): Uint8Array {
  const digest = new RunningDigest(hash);
  digest.extend(bytes);
  return digest.digest();
}
