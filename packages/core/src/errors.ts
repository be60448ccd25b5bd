/**
 * Every error code Espalier can raise. Codes are never reused; `docs/errors.md` has a heading per code
 * (checked by a test). Errors cross the wire as a code plus readonly facts, never as a stack.
 */
export const ERROR_CODES = [
  'invalid_argument',
  'invalid_graph',
  'invalid_mask',
  'invalid_params',
  'invalid_job',
  'invalid_data',
  'malformed_message',
  'frame_too_large',
  'transfer_corrupt',
  'protocol_version',
  'unauthorized',
  'classes_differ',
  'input_shape',
  'part_taken',
  'canary_failed',
  'excluded',
  'limit_exceeded',
  'late',
  'ahead',
  'duplicate',
  'mask_mismatch',
  'wrong_length',
  'not_finite',
  'not_expected',
  'op_unsupported',
  'memory_budget',
  'backend_unavailable',
  'training_diverged',
  'aborted',
  'port_in_use',
  'storage',
  'not_resumable',
  'connection_lost',
  'stopped',
  'internal',
] as const;

/** A stable code; see {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Facts that accompany an error: what was received and what was expected. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean>>;

/**
 * The one error class. The message is `[code] sentence` and says what was received, what was expected and
 * what to do.
 */
export class EspalierError extends Error {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;
  /** The sentence without the code. */
  readonly rawMessage: string;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(`[${code}] ${message}`);
    this.name = 'EspalierError';
    this.code = code;
    this.facts = facts;
    this.rawMessage = message;
  }
}

/** True for an {@link EspalierError}, also one built by a second copy of this package. */
export function isEspalierError(value: unknown): value is EspalierError {
  return value instanceof Error && value.name === 'EspalierError' && 'code' in value;
}

/** Any thrown value as an {@link EspalierError}: itself, or wrapped under `internal`. */
export function toEspalierError(value: unknown): EspalierError {
  if (isEspalierError(value)) return value;
  return new EspalierError('internal', value instanceof Error ? value.message : String(value));
}

/** Marks a branch that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new EspalierError('internal', `unexpected value ${JSON.stringify(value)}`);
}

/** The value, which must exist. @throws EspalierError `internal` when there is none, with its name. */
export function found<Value>(value: Value | null | undefined, name: string): Value {
  if (value === null || value === undefined)
    throw new EspalierError('internal', `nothing is known of ${name}`, { name });
  return value;
}
