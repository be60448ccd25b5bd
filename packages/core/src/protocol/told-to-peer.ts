import type { ErrorCode, ErrorFacts, EspalierError } from '../errors.js';

/** An error as it crosses the wire. */
export type ToldError = Readonly<Pick<EspalierError, 'code' | 'facts'>> & { readonly message: string };

/** End of a connection that reports an error to the other. */
export type Teller = 'client' | 'coordinator';

/**
 * Ends that may put the sentence of a code on the wire. `both`: it is built only from the job and from
 * messages, which both ends know. `coordinator`: a client also raises it while reading its own files, and the
 * sentence then names them. `neither`: it may contain paths, contents or programs of the machine.
 */
const SENTENCE_OF: Readonly<Record<ErrorCode, 'both' | 'coordinator' | 'neither'>> = {
  invalid_argument: 'coordinator',
  invalid_graph: 'both',
  invalid_mask: 'both',
  invalid_params: 'both',
  invalid_job: 'coordinator',
  invalid_data: 'coordinator',
  malformed_message: 'both',
  frame_too_large: 'both',
  transfer_corrupt: 'both',
  protocol_version: 'both',
  unauthorized: 'both',
  classes_differ: 'coordinator',
  input_shape: 'coordinator',
  part_taken: 'both',
  canary_failed: 'both',
  excluded: 'both',
  limit_exceeded: 'both',
  late: 'both',
  ahead: 'both',
  duplicate: 'both',
  mask_mismatch: 'both',
  wrong_length: 'both',
  not_finite: 'both',
  not_expected: 'both',
  op_unsupported: 'both',
  memory_budget: 'both',
  backend_unavailable: 'neither',
  training_diverged: 'both',
  aborted: 'both',
  port_in_use: 'neither',
  storage: 'neither',
  not_resumable: 'neither',
  connection_lost: 'neither',
  stopped: 'both',
  internal: 'neither',
};

/** In place of a sentence that stays on its machine. */
const UNSAID: Readonly<Record<Teller, string>> = {
  client: 'the client could not go on; its own log says why',
  coordinator: 'the coordinator could not go on; its own log says why',
};

/** Letters of a sentence that are sent. */
const MOST_LETTERS = 500;

/**
 * The part of an error that the other end of a connection may see: its code always, its sentence and facts
 * only if both ends know everything in them. Paths and contents of this machine never leave it in an error.
 */
export function toldToPeer(
  teller: Teller,
  {
    code,
    message,
    facts = {},
  }: { readonly code: ErrorCode; readonly message: string; readonly facts?: ErrorFacts },
): ToldError {
  const who = SENTENCE_OF[code];
  if (who === 'both' || who === teller) return { code, message: cut(message), facts };
  return { code, message: UNSAID[teller], facts: {} };
}

function cut(message: string): string {
  return message.length <= MOST_LETTERS ? message : `${message.slice(0, MOST_LETTERS - 1)}…`;
}
