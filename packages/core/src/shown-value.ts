/** Letters of a value in a sentence. */
const LETTERS = 60;

/** Parts of a value that are looked at: each gives at least one letter. */
const PARTS = 2 * LETTERS;

/**
 * A value from outside in a form fit for a sentence, shortened if it is long: JSON, `missing` for undefined.
 * The work is bounded however large or deeply nested the value is.
 */
export function shownValue(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = typeof value === 'number' ? String(value) : JSON.stringify(beginning(value, { left: PARTS }));
  return text.length > LETTERS ? `${text.slice(0, LETTERS - 3)}…` : text;
}

/** Beginning of a value, just long enough for the longest text that is shown. */
function beginning(value: unknown, parts: { left: number }): unknown {
  parts.left--;
  if (typeof value === 'string') return value.slice(0, PARTS);
  if (typeof value !== 'object' || value === null) return value;
  const inside: [string, unknown][] = [];
  for (const key in value) {
    if (parts.left <= 0) break;
    if (Object.hasOwn(value, key))
      inside.push([key.slice(0, PARTS), beginning(Reflect.get(value, key), parts)]);
  }
  return Array.isArray(value) ? inside.map(([, each]) => each) : Object.fromEntries(inside);
}
