import {
  EspalierError,
  inputShape,
  PROTOCOL_VERSION,
  type ClientJob,
  type ClientMessage,
} from '@espalier/core';
import type { Admission } from '../options.js';

/**
 * Looks at everything in a join before a seat is given; gives the id of the token that let it in, null in open mode.
 * @throws EspalierError `protocol_version`, `unauthorized`, `classes_differ`, `input_shape` or `invalid_data`.
 */
export function checkJoin(
  message: Extract<ClientMessage, { kind: 'join' }>,
  nonce: Uint8Array,
  job: ClientJob,
  admission: Admission | null,
): string | null {
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
  if (message.samples < 1) throw new EspalierError('invalid_data', 'this client has no training samples');
  return tokenId;
}
