import { EspalierError, isEspalierError } from '@espalier/core';
import { PROTOCOL_VERSION } from '@espalier/core/protocol';
import protobuf from 'protobufjs/minimal.js';

/**
 * Runs the decoder of a message that carries its protocol version. A message of another version may still be
 * readable, and is then passed on so that the receiver can refuse it properly; if it is not readable, the
 * error names the version.
 * @throws EspalierError `protocol_version` instead of any other, when the version is another.
 */
export function speaking<T>(version: number | undefined, decode: () => T): T {
  try {
    return decode();
  } catch (thrown) {
    if (version === PROTOCOL_VERSION || !isEspalierError(thrown)) throw thrown;
    throw new EspalierError(
      'protocol_version',
      `the other end speaks protocol version ${version ?? 0}, this one ${PROTOCOL_VERSION}; install the same release on both`,
      { got: version ?? 0, expected: PROTOCOL_VERSION },
    );
  }
}

/**
 * The protocol version of a message that begins with field `greeting`, read without the rest, which another version may
 * have changed; this version for any other message.
 * @param greeting number of the envelope's field that carries a version as its field 1
 */
export function versionIn(bytes: Uint8Array, greeting: number): number {
  const reader = new protobuf.Reader(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
  try {
    if (reader.tag() !== ((greeting << 3) | 2)) return PROTOCOL_VERSION;
    reader.size();
    return reader.tag() === 1 << 3 ? reader.uint32() : 0;
  } catch {
    return PROTOCOL_VERSION;
  }
}
