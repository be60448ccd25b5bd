import { EspalierError } from '@espalier/core';
import { sha256 } from '@noble/hashes/sha2.js';
import { malformed } from '../failure.js';
import { sameBytes } from '../framing/running-digest.js';

/** Not text, and broken by transfers that change line ends, as PNG's signature is. */
const MAGIC = Uint8Array.of(0x8e, 0x45, 0x53, 0x50, 0x42, 0x0d, 0x0a, 0x1a);

/**
 * Changes with every payload that an older reader would misread: 1 holds float32 values, 2 names their
 * coding.
 */
const FORMAT_VERSIONS = [1, 2] as const;

/** Versions of the format that this release reads. */
export type FormatVersion = (typeof FORMAT_VERSIONS)[number];

const HASH_AT = MAGIC.length + 4;
const PAYLOAD_AT = HASH_AT + 32;

/** Magic (8 bytes), format version (uint32, little-endian), SHA-256 of the payload (32 bytes), payload. */
export function sealEnvelope(payload: Uint8Array, version: FormatVersion): Uint8Array {
  const file = new Uint8Array(PAYLOAD_AT + payload.length);
  file.set(MAGIC);
  new DataView(file.buffer).setUint32(MAGIC.length, version, true);
  file.set(sha256(payload), HASH_AT);
  file.set(payload, PAYLOAD_AT);
  return file;
}

/**
 * The payload, sharing the file's memory.
 * @throws EspalierError `malformed_message`, `transfer_corrupt`.
 */
export function openEnvelope(file: Uint8Array): Uint8Array {
  checkHead(file);
  if (file.length < PAYLOAD_AT) throw corrupt(`it ends after ${file.length} bytes`);
  const payload = file.subarray(PAYLOAD_AT);
  if (!sameBytes(sha256(payload), file.subarray(HASH_AT, PAYLOAD_AT))) {
    throw corrupt('its bytes do not have the hash they were written with');
  }
  return payload;
}

/** Refuses a file by as much of its beginning as is there. @throws EspalierError `malformed_message` */
export function checkHead(file: Uint8Array): void {
  const known = file.subarray(0, MAGIC.length);
  if (file.length === 0 || !sameBytes(known, MAGIC.subarray(0, known.length)))
    throw malformed('this is no Espalier model bundle');
  if (file.length < HASH_AT) return;
  const version = new DataView(file.buffer, file.byteOffset).getUint32(MAGIC.length, true);
  if (FORMAT_VERSIONS.some((known) => known === version)) return;
  throw malformed(`a bundle of format ${version}; this release reads ${FORMAT_VERSIONS.join(' and ')}`, {
    version,
  });
}

function corrupt(problem: string): EspalierError {
  return new EspalierError('transfer_corrupt', `the model bundle is damaged: ${problem}; fetch it again`);
}
