import type { EspalierError } from '@espalier/core';
import { toldToPeer, type ToldError } from '@espalier/core/protocol';

/** The coordinator's error as a client, or a stranger, may hear it. */
export function toldOf({ code, rawMessage, facts }: EspalierError): ToldError {
  return toldToPeer('coordinator', { code, message: rawMessage, facts });
}
