import { EspalierError } from '@espalier/core';
import { sha256 } from '@noble/hashes/sha2.js';
import { malformed } from '../codec/failure.js';
import { sameBytes } from '../framing/running-digest.js';

/** Not text, and broken by transfers that change line ends, as PNG's signature is. */
const MAGIC = Uint8Array.of(0x8e, 0x45, 0x53, 0x50, 0x42, 0x0d, 0x0a, 0x1a);

/** Changes with every payload that an older reader would misread. */
const FORMAT_VERSION = 1;

const HASH_AT = MAGIC.length + 4;
const PAYLOAD_AT = HASH_AT + 32;

/** Magic (8 bytes), format version (uint32, little-endian), SHA-256 of the payload (32 bytes), payload. */
export function sealEnvelope(payload: Uint8Array): Uint8Array {
  const file = new Uint8Array(PAYLOAD_AT + payload.length);
  file.set(MAGIC);
  new DataView(file.buffer).setUint32(MAGIC.length, FORMAT_VERSION, true);
  file.set(sha256(payload), HASH_AT);
  file.set(payload, PAYLOAD_AT);
  return file;
}

/**
 * The payload, sharing the file's memory.
 * @throws EspalierError `malformed_message`, `transfer_corrupt`.
 */
export function openEnvelope(file: Uint8Array): Uint8Array {
  if (!sameBytes(file.subarray(0, MAGIC.length), MAGIC)) throw malformed('this is no Espalier model bundle');
  if (file.length < PAYLOAD_AT) throw corrupt(`it ends after ${file.length} bytes`);
  const version = new DataView(file.buffer, file.byteOffset).getUint32(MAGIC.length, true);
  if (version !== FORMAT_VERSION) {
    throw malformed(`a bundle of format ${version}; this release reads ${FORMAT_VERSION}`, { version });
  }
  const payload = file.subarray(PAYLOAD_AT);
  if (!sameBytes(sha256(payload), file.subarray(HASH_AT, PAYLOAD_AT))) {
    throw corrupt('its bytes do not have the hash they were written with');
  }
  return payload;
}

function corrupt(problem: string): EspalierError {
  return new EspalierError('transfer_corrupt', `the model bundle is damaged: ${problem}; fetch it again`);
}
