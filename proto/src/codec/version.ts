import { EspalierError, isEspalierError } from '@espalier/core';
import { PROTOCOL_VERSION } from '@espalier/core/protocol';

/**
 * Runs the decoder of a message that carries its protocol version. What another version sends may still be readable,
 * and is then handed on for the receiver to refuse politely; where it is not, the version is the reason given.
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
