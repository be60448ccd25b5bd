import type { ErrorCode } from '@espalier/core';

/** Exit codes of the command; listed in `docs/reference/exit-codes.md`. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  data: 3,
  refused: 4,
  unreachable: 5,
  unavailable: 6,
  interrupted: 130,
} as const;

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_ERROR: Readonly<Partial<Record<ErrorCode, ExitCode>>> = {
  invalid_argument: EXIT.usage,
  invalid_job: EXIT.usage,
  invalid_data: EXIT.data,
  storage: EXIT.data,
  not_resumable: EXIT.data,
  malformed_message: EXIT.data,
  unauthorized: EXIT.refused,
  classes_differ: EXIT.refused,
  input_shape: EXIT.refused,
  part_taken: EXIT.refused,
  canary_failed: EXIT.refused,
  excluded: EXIT.refused,
  protocol_version: EXIT.refused,
  connection_lost: EXIT.unreachable,
  port_in_use: EXIT.unavailable,
  backend_unavailable: EXIT.unavailable,
  memory_budget: EXIT.unavailable,
  stopped: EXIT.interrupted,
};

/** The exit code an error ends the command with. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  return BY_ERROR[code] ?? EXIT.failed;
}
