import { describe, expect, it } from '@jest/globals';
import { createToken, sameDigest, verifyAnswer } from './tokens.js';

const nonce = Buffer.from('what do ya want for nothing?');
/** Test case 2 of RFC 4231. */
const answer = Buffer.from('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843', 'hex');

describe('createToken', () => {
  it('gives a new URL-safe token of 256 bits each time', () => {
    const tokens = Array.from({ length: 50 }, createToken);

    expect(new Set(tokens).size).toBe(50);
    expect(tokens.every((token) => /^[\w-]{43}$/.test(token))).toBe(true);
  });
});

describe('verifyAnswer', () => {
  it('takes the right answer', () => {
    expect(verifyAnswer('Jefe', nonce, answer)).toBe(true);
  });

  it.each([
    ['another token', 'jefe', nonce, answer],
    ['another nonce', 'Jefe', nonce.subarray(1), answer],
    ['a flipped bit', 'Jefe', nonce, Buffer.from(answer.map((byte, i) => (i === 31 ? byte ^ 1 : byte)))],
    ['an answer cut short', 'Jefe', nonce, answer.subarray(1)],
    ['an answer too long', 'Jefe', nonce, Buffer.concat([answer, answer])],
    ['no answer', 'Jefe', nonce, Buffer.alloc(0)],
  ])('refuses %s', (_, token, given, shown) => {
    expect(verifyAnswer(token, given, shown)).toBe(false);
  });
});

describe('sameDigest', () => {
  it.each([
    ['secret', 'secret', true],
    ['secret', 'secreT', false],
    ['secret', 'secret2', false],
    ['secret', '', false],
  ])('of %p and %p is %p', (expected, shown, same) => {
    expect(sameDigest(Buffer.from(expected), Buffer.from(shown))).toBe(same);
  });
});
