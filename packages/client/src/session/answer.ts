import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

/** A token of one client: its id in 16 hex digits, a dot, its secret. */
const CLIENT_TOKEN = /^([0-9a-f]{16})\.(.+)$/;

/**
 * The proof that this client knows the join token, without sending it: HMAC-SHA-256 (RFC 2104) of the challenge's
 * nonce. Of a token of its own, `<id>.<secret>`, the key is the secret's SHA-256, which is all the coordinator has,
 * and the eight bytes of the id precede the proof. Empty without a token, as an open coordinator expects.
 */
export function answerChallenge(token: string | null, nonce: Uint8Array): Uint8Array {
  if (token === null) return new Uint8Array();
  const [, id, secret] = CLIENT_TOKEN.exec(token) ?? [];
  if (id === undefined || secret === undefined) return hmac(sha256, utf8ToBytes(token), nonce);
  return concatBytes(hexToBytes(id), hmac(sha256, sha256(utf8ToBytes(secret)), nonce));
}
