import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * The proof that this client knows the join token, without sending it: HMAC-SHA-256 of the challenge's nonce under the
 * token (RFC 2104). Empty without a token, as a coordinator that lets everybody in expects.
 */
export function answerChallenge(token: string | null, nonce: Uint8Array): Uint8Array {
  return token === null ? new Uint8Array() : hmac(sha256, utf8ToBytes(token), nonce);
}
