import { EspalierError } from '@espalier/core';
import { malformed } from '../failure.js';

const MAX_UINT32 = 0xffffffff;

/**
 * A number ready for a uint32 field. @throws EspalierError `invalid_argument` when it would be truncated or
 * rounded.
 */
export function toUint32(value: number, what: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= MAX_UINT32) return value;
  throw new EspalierError(
    'invalid_argument',
    `${what} is ${value}; the wire carries whole numbers in [0, 2³²)`,
  );
}

/** {@link toUint32} where null is an absent field. */
export function toOptionalUint32(value: number | null, what: string): number | null {
  return value === null ? null : toUint32(value, what);
}

/** A finite double field; absent is 0. @throws EspalierError `not_finite`. */
export function finite(value: number | undefined, what: string): number {
  const number = value ?? 0;
  if (Number.isFinite(number)) return number;
  throw new EspalierError('not_finite', `${what} is ${number}; every number must be finite`, { field: what });
}

/** A finite double of at least 0. @throws EspalierError `not_finite`, `malformed_message`. */
export function nonNegative(value: number | undefined, what: string): number {
  const number = finite(value, what);
  if (number >= 0) return number;
  throw malformed(`${what} is ${number}; it must not be negative`, { field: what });
}

/** A uint32 field of at least 1. @throws EspalierError `malformed_message`. */
export function atLeastOne(value: number | undefined, what: string): number {
  if (value !== undefined && value >= 1) return value;
  throw malformed(`${what} is ${value ?? 0}; it must be at least 1`, { field: what });
}

/** A message field that must be there. @throws EspalierError `malformed_message`. */
export function required<T>(value: T | null | undefined, what: string): T {
  if (value !== null && value !== undefined) return value;
  throw malformed(`${what} is missing`, { field: what });
}
