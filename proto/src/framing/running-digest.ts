import { sha256 } from '@noble/hashes/sha2.js';

/** Bytes of a frame's check. */
export const CHECK_BYTES = 8;

/** SHA-256 under way, as a platform offers it; fed and asked in turn. */
export interface StreamingHash {
  update(bytes: Uint8Array): void;
  /** The digest of everything so far, 32 bytes; more may follow. */
  soFar(): Uint8Array;
}

/** Starts a SHA-256. Platforms have one in machine code, an order of magnitude faster than {@link portableHash}. */
export type HashMaker = () => StreamingHash;

/** SHA-256 that runs everywhere. */
export const portableHash: HashMaker = () => {
  const hash = sha256.create();
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    soFar: () => hash.clone().digest(),
  };
};

/** SHA-256 over a message as it grows, in one pass: the hash so far is available at every frame. */
export class RunningDigest {
  readonly #hash: StreamingHash;

  constructor(makeHash: HashMaker = portableHash) {
    this.#hash = makeHash();
  }

  /** Takes the next bytes and gives the first 8 of the digest of everything so far. */
  extend(bytes: Uint8Array): Uint8Array {
    this.#hash.update(bytes);
    return this.digest().subarray(0, CHECK_BYTES);
  }

  /** The digest of everything so far, 32 bytes. */
  digest(): Uint8Array {
    return this.#hash.soFar();
  }
}

/** True when both hold the same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
