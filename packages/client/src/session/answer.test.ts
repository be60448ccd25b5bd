import { describe, expect, it } from '@jest/globals';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { answerChallenge } from './answer.js';

const hex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('answerChallenge', () => {
  it('is HMAC-SHA-256: test case 2 of RFC 4231', () => {
    expect(hex(answerChallenge('Jefe', bytes('what do ya want for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  it('of a client token is its id and the HMAC under the hash of its secret', () => {
    const key = sha256(bytes('secret'));
    expect(hex(answerChallenge('00112233445566ff.secret', bytes('nonce')))).toBe(
      `00112233445566ff${hex(hmac(sha256, key, bytes('nonce')))}`,
    );
  });

  it('is empty without a token', () => {
    expect(answerChallenge(null, bytes('nonce'))).toEqual(new Uint8Array());
  });
});
