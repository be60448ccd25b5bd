import { EspalierError } from '../errors.js';
import { shownValue } from '../shown-value.js';

/** An explicit list of parts by name; users choose from it, so its keys are outward names. */
export type Registry<Entry> = Readonly<Record<string, Entry>>;

/**
 * The entry of that name.
 * @param what what the registry lists, for the message: `model`, `criterion`
 * @throws EspalierError `invalid_argument` naming the nearest valid names first, then all of them.
 */
export function entryNamed<Entry>(registry: Registry<Entry>, name: string, what: string): Entry {
  const entry = Object.hasOwn(registry, name) ? registry[name] : undefined;
  if (entry !== undefined) return entry;
  const names = Object.keys(registry);
  throw new EspalierError(
    'invalid_argument',
    `there is no ${what} ${shownValue(name)}; did you mean ${nearestNames(name, names).join(' or ')}? Valid names: ${names.join(', ')}`,
    { name },
  );
}

/** Letters of a given name that are compared: the table of distances grows with them. */
const LONGEST_NAME = 100;

/**
 * The valid names nearest to the given one in edits (insert, delete or replace a letter; case is ignored):
 * all that share the smallest distance, in their own order. Empty only if there are no valid names.
 */
export function nearestNames(given: string, valid: readonly string[]): readonly string[] {
  const wanted = given.slice(0, LONGEST_NAME).toLowerCase();
  const distances = valid.map((name) => editDistance(wanted, name.toLowerCase()));
  const least = Math.min(...distances);
  return valid.filter((_, i) => distances[i] === least);
}

/** Levenshtein's distance, one row of the table at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
