import { toldToPeer, type EspalierError, type ToldError } from '@espalier/core';

/** The coordinator's error as a client, or a stranger, may hear it. */
export function toldOf({ code, rawMessage, facts }: EspalierError): ToldError {
  return toldToPeer('coordinator', { code, message: rawMessage, facts });
}
