import { EspalierError } from '@espalier/core';
import type { AnswerName, ClientId } from '@espalier/core/protocol';
import type { BlobHash } from './journal.js';

/** An accepted answer: the blob that holds it, and the client that it is of, so that equal answers of two clients differ. */
export interface AnswerReference {
  readonly blob: BlobHash;
  readonly clientId: ClientId;
}

const BETWEEN = '@';

/** The name by which the reducer, its journal and its snapshots know the answer. */
export function answerName({ blob, clientId }: AnswerReference): AnswerName {
  return `${blob}${BETWEEN}${clientId}`;
}

/** The answer that {@link answerName} named. @throws EspalierError `storage` when the text names none. */
export function answerReference(name: AnswerName): AnswerReference {
  const at = name.indexOf(BETWEEN);
  if (at > 0) return { blob: name.slice(0, at), clientId: name.slice(at + 1) };
  throw new EspalierError(
    'storage',
    `the journal names an answer "${name}", expected <blob>${BETWEEN}<client>: restore the state from a backup`,
  );
}
