import { EspalierError } from '@espalier/core';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { malformed } from '../failure.js';

const SHA256_HEX = /^[0-9a-f]{64}$/;

/** A SHA-256 in hex as the 32 bytes that travel. @throws EspalierError `invalid_argument`. */
export function hashToBytes(hash: string, what: string): Uint8Array {
  if (SHA256_HEX.test(hash)) return hexToBytes(hash);
  throw new EspalierError('invalid_argument', `${what} ${hash} is not a SHA-256 in lower-case hex`);
}

/** The hash in hex. @throws EspalierError `malformed_message` when it has not 32 bytes. */
export function bytesToHash(bytes: Uint8Array | null | undefined, what: string): string {
  if (bytes?.length === 32) return bytesToHex(bytes);
  throw malformed(`${what} has ${bytes?.length ?? 0} bytes; a SHA-256 has 32`, { field: what });
}
