import type { Admission } from './admission.js';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Bytes of chance in a token: 256 bits. */
const TOKEN_BYTES = 32;

/** A fresh token that nobody can guess, safe in a URL and on a command line: 43 letters, digits, `-` and `_`. */
export function createToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** Admits every client that knows that one token, which is kept in memory as it is. */
export function sharedToken(token: string): Admission {
  return {
    check: (nonce, answer) => (verifyAnswer(token, nonce, answer) ? 'shared' : null),
    allows: () => true,
  };
}

/**
 * True when the answer is HMAC-SHA-256 of the nonce under the token (RFC 2104). Takes the same time wherever a wrong
 * answer first differs.
 */
export function verifyAnswer(token: string | Uint8Array, nonce: Uint8Array, answer: Uint8Array): boolean {
  const expected = createHmac('sha256', token).update(nonce).digest();
  return expected.length === answer.length && timingSafeEqual(expected, answer);
}

/** True for equal digests of one length; takes the same time wherever they differ. */
export function sameDigest(expected: Buffer, shown: Buffer): boolean {
  return expected.length === shown.length && timingSafeEqual(expected, shown);
}
