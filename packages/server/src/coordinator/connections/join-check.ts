import { EspalierError, inputShape } from '@espalier/core';
import { PROTOCOL_VERSION, type ClientJob, type ClientMessage } from '@espalier/core/protocol';
import type { Admission, TokenId } from '../../security/admission.js';

type Join = Extract<ClientMessage, { kind: 'join' }>;

/**
 * Looks at everything in a join before a seat is given; gives the id of the token that let it in, null in open mode.
 * @throws EspalierError `protocol_version`, `unauthorized`, `classes_differ`, `input_shape`, `invalid_data`, or
 * `invalid_argument` for a part that the job does not have.
 */
export function checkJoin(
  message: Join,
  nonce: Uint8Array,
  job: ClientJob,
  admission: Admission | null,
): TokenId | null {
  if (message.protocolVersion !== PROTOCOL_VERSION) {
    throw new EspalierError(
      'protocol_version',
      `this client speaks protocol ${message.protocolVersion}, the coordinator ${PROTOCOL_VERSION}: install the same version on both`,
    );
  }
  const tokenId = admission?.check(nonce, message.answer) ?? null;
  if (admission !== null && tokenId === null) {
    throw new EspalierError(
      'unauthorized',
      'the join token is wrong, revoked or missing: ask whoever runs the coordinator for it',
    );
  }
  if (message.classes.join('\n') !== job.classes.join('\n')) {
    throw new EspalierError(
      'classes_differ',
      `this client has the classes [${message.classes.join(', ')}], the job [${job.classes.join(', ')}]: name the class folders alike`,
    );
  }
  const expected = inputShape(job.graph);
  if (String(message.imageShape) !== String(expected)) {
    throw new EspalierError(
      'input_shape',
      `this client's images are [${String(message.imageShape)}], the model takes [${String(expected)}]`,
    );
  }
  checkPart(message, job);
  if (message.samples < 1) throw new EspalierError('invalid_data', 'this client has no training samples');
  return tokenId;
}

/** Checks the part that a newcomer asks for; a client with a return token keeps its seat instead. */
function checkPart({ part, returnToken }: Join, { numClients }: ClientJob): void {
  if (part === null || part < numClients || returnToken !== null) return;
  throw new EspalierError(
    'invalid_argument',
    `there is no part ${part + 1} of ${numClients}: ask for one from 1 to ${numClients}, or for none to be given one`,
    { part, numClients },
  );
}
