import { EspalierError } from '../errors.js';

/** Hostile clients that a rule withstands when a round asks a given number of clients. */
export interface Resistance {
  /** Clients of those asked that may be hostile. */
  readonly hostile: number;
  /** Updates that it needs for that: with fewer it refuses to aggregate. */
  readonly fewest: number;
  /** Option that sets how many may be hostile; null if there is none. */
  readonly option: string | null;
}

/**
 * Number of clients in a share of those asked, rounded down. The share is of those asked, not of those that
 * answered: hostile clients do answer, so a round that closes with fewer updates has just as many of them.
 */
export function hostileOf(share: number, asked: number): number {
  // 0.29 × 100 is 28.999999999999996.
  return Math.floor(share * asked + 1e-9);
}

/** @throws EspalierError `invalid_argument` when there are fewer updates than the rule's promise requires. */
export function requireFewest(rule: string, came: number, { hostile, fewest }: Resistance): void {
  if (hostile === 0 || came >= fewest) return;
  throw new EspalierError(
    'invalid_argument',
    `${rule} needs ${fewest} updates to hold off ${hostile} hostile ones, ${came} came: ask for a larger quorum, or presume fewer hostile`,
    { rule, came, fewest, hostile },
  );
}
