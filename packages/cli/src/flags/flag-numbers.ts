import { InvalidArgumentError } from 'commander';

/** A whole number of at least 0, in decimal digits. @throws InvalidArgumentError also for no digits at all. */
export function wholeNumber(text: string): number {
  return wholeFrom(text, 0);
}

/** A whole number of at least 1. @throws InvalidArgumentError */
export function atLeastOne(text: string): number {
  return wholeFrom(text, 1);
}

/** A TCP port; 0 takes a free one. @throws InvalidArgumentError */
export function portNumber(text: string): number {
  const value = digits(text);
  if (value !== null && value <= 65_535) return value;
  throw new InvalidArgumentError('give a port from 0 to 65535');
}

/** A share above 0 and at most 1. @throws InvalidArgumentError */
export function share(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 1) return value;
  throw new InvalidArgumentError('give a number above 0 and at most 1');
}

/** As {@link share}, or 0. @throws InvalidArgumentError */
export function shareOrNone(text: string): number {
  return Number(text) === 0 && text.trim() !== '' ? 0 : share(text);
}

/** Megabytes as bytes. @throws InvalidArgumentError */
export function megabytes(text: string): number {
  const bytes = 1e6 * Number(text);
  if (bytes >= 1 && bytes < 1e15) return Math.floor(bytes);
  throw new InvalidArgumentError('give a number of megabytes above 0');
}

/** `50MB` → 50,000,000. @throws InvalidArgumentError */
export function byteSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kMGT]?)B?$/i.exec(text.trim());
  const power = ['', 'k', 'm', 'g', 't'].indexOf((match?.[2] ?? '').toLowerCase());
  const bytes = Number(match?.[1]) * 1000 ** power;
  if (bytes > 0 && Number.isFinite(bytes)) return bytes;
  throw new InvalidArgumentError('give a size, e.g. 50MB or 1.5GB');
}

/** One of several equal things, e.g. a client's part of the data. */
export interface PartOfWhole {
  /** From 0. */
  readonly part: number;
  readonly parts: number;
}

/** `3/10` → part 2 (from 0) of 10. @throws InvalidArgumentError where there is no such part. */
export function partOf(text: string): PartOfWhole {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [part, parts] = [digits(match?.[1] ?? ''), digits(match?.[2] ?? '')];
  if (part === null || parts === null) throw new InvalidArgumentError('give k/n, e.g. 3/10');
  if (part >= 1 && part <= parts) return { part: part - 1, parts };
  throw new InvalidArgumentError(`there is no part ${part} of ${parts}: give k/n with 1 ≤ k ≤ n, e.g. 3/10`);
}

function wholeFrom(text: string, least: number): number {
  const value = digits(text);
  if (value !== null && value >= least) return value;
  throw new InvalidArgumentError(`give a whole number of at least ${least}`);
}

/** `Number` would take nothing as 0, `0x10` as 16 and `1e3` as 1000. */
function digits(text: string): number | null {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
}
