import {
  EspalierError,
  isEspalierError,
  toEspalierError,
  type ErrorCode,
  type ErrorFacts,
} from '@espalier/core';

/** Codes that decoding may throw: a decoder never throws anything else. */
const DECODE_CODES: ReadonlySet<ErrorCode> = new Set([
  'malformed_message',
  'not_finite',
  'wrong_length',
  'protocol_version',
]);

/** A `malformed_message` that says what was received and what was expected. */
export function malformed(sentence: string, facts: ErrorFacts = {}): EspalierError {
  return new EspalierError('malformed_message', sentence, facts);
}

/**
 * Runs a decoder and turns anything it throws into one of the codes a decoder may throw; other codes of core
 * (an inconsistent graph or mask) become `malformed_message` with the same sentence.
 * @param what the message decoded; it precedes the sentence and is in the fact `message`
 */
export function decoding<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (thrown) {
    const error = toEspalierError(thrown);
    const code = isEspalierError(thrown) && DECODE_CODES.has(error.code) ? error.code : 'malformed_message';
    throw new EspalierError(code, `${what}: ${error.rawMessage}`, { ...error.facts, message: what });
  }
}
