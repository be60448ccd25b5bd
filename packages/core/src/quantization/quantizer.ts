import { EspalierError } from '../errors.js';

/** Set of values that a weight may take. */
export interface Quantizer {
  /** Outward name. */
  readonly id: string;
  /**
   * Magnitudes that a weight may have, as shares of its filter's largest: from 0 to 1, ascending, at most
   * `2^(bits − 1)`, since one bit is the sign.
   * @param bits from {@link MIN_BITS} to {@link MAX_BITS}; otherwise `invalid_argument`
   */
  levels(bits: number): Float64Array;
}

/** Fewest bits a weight can be stored in. */
export const MIN_BITS = 2;
/** Most bits a weight can be stored in and still be called quantised. */
export const MAX_BITS = 8;

/** @throws EspalierError `invalid_argument` unless bits are a whole number in range. */
export function checkBits(bits: number): void {
  if (Number.isSafeInteger(bits) && bits >= MIN_BITS && bits <= MAX_BITS) return;
  throw new EspalierError(
    'invalid_argument',
    `${bits} bits; give a whole number from ${MIN_BITS} to ${MAX_BITS}`,
  );
}
