import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { EspalierError } from '../errors.js';

/**
 * Key of a random stream: its purpose. Every stream is keyed by (seed, purpose, round, partition index),
 * never by a connection, so a restarted or reordered run draws the same numbers.
 */
export interface StreamKey {
  readonly seed: number;
  /** Use of the draws, e.g. `shuffle`; two purposes never share a stream. */
  readonly purpose: string;
  readonly round?: number;
  readonly partition?: number;
}

/** A seeded random stream: the same numbers in Node and in every browser (32-bit integer arithmetic only). */
export interface RandomStream {
  /** A whole number in [0, 2³²). */
  uint32(): number;
  /** A double in [0, 1) with 53 random bits. */
  uniform(): number;
  /** A whole number in [0, bound), without bias; `invalid_argument` unless 1 ≤ bound ≤ 2³². */
  below(bound: number): number;
}

/** The stream of that key: xoshiro128** seeded by SHA-256 of the key. */
export function randomStream(key: StreamKey): RandomStream {
  const { seed, purpose, round = -1, partition = -1 } = key;
  const digest = sha256(
    utf8ToBytes(`espalier\n${String(seed)}\n${purpose}\n${String(round)}\n${String(partition)}`),
  );
  const view = new DataView(digest.buffer, digest.byteOffset);
  const state = Uint32Array.from({ length: 4 }, (_, i) => view.getUint32(4 * i, true));
  const uint32 = (): number => nextXoshiro(state);
  return { uint32, uniform: () => uniform53(uint32), below: (bound) => unbiasedBelow(uint32, bound) };
}

/** A uniformly random order of the given items (Fisher–Yates), as a new array. */
export function shuffled<T>(items: ArrayLike<T>, stream: RandomStream): T[] {
  const order = Array.from(items);
  for (let i = order.length - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}

/** Blackman & Vigna, "Scrambled linear pseudorandom number generators" (2018), xoshiro128**. */
function nextXoshiro(s: Uint32Array): number {
  const a = s[0]!;
  const b = s[1]!;
  const c = s[2]!;
  const d = s[3]!;
  const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
  const c1 = c ^ a;
  const d1 = d ^ b;
  s[1] = b ^ c1;
  s[0] = a ^ d1;
  s[2] = c1 ^ (b << 9);
  s[3] = rotateLeft(d1, 11);
  return result;
}

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

function uniform53(uint32: () => number): number {
  const high = uint32() >>> 5;
  const low = uint32() >>> 6;
  return (high * 67108864 + low) / 9007199254740992;
}

function unbiasedBelow(uint32: () => number, bound: number): number {
  if (!Number.isSafeInteger(bound) || bound < 1 || bound > 4294967296) {
    throw new EspalierError(
      'invalid_argument',
      `bound ${String(bound)} is not a whole number from 1 to 2^32`,
    );
  }
  const limit = 4294967296 - (4294967296 % bound);
  for (;;) {
    const draw = uint32();
    if (draw < limit) return draw % bound;
  }
}
