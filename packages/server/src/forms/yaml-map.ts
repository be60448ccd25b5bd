import { EspalierError, type ErrorCode, isEspalierError, shownValue } from '@espalier/core';
import { parseDocument, isScalar, visit, type Document } from 'yaml';

/** A map as YAML says it, before it is checked. */
export type RawMap = Readonly<Record<string, unknown>>;

/** Name of a kind of file in messages, and the code with which it is refused. */
export interface FormName {
  /** `job`, `grid`: used in `the job is not YAML`, and for the whole file in a problem's path. */
  readonly what: string;
  readonly code: ErrorCode;
}

/** True for a map, which neither a list nor null is. */
export function isMap(value: unknown): value is RawMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The map that a YAML text says; an empty text says an empty one. @throws EspalierError with the form's code. */
export function readYamlMap(text: string, { what, code }: FormName): RawMap {
  const raw = readYaml(text, { what: `the ${what}`, code });
  if (raw === null || raw === undefined) return {};
  if (!isMap(raw))
    throw new EspalierError(code, `the ${what} is ${shownValue(raw)}; expected a map of fields`);
  return raw;
}

/** Letters of a text; a person writes a tenth of it. */
const LONGEST_TEXT = 2 ** 18;

/** Brackets within brackets; the library takes a second for a text that only opens them. */
const DEEPEST = 1000;

/**
 * Parses a YAML text. Its size, the copies that its aliases make and the work on it are bounded.
 * @param name `what` begins the message: `the job`
 * @throws EspalierError with the code of `name` for a text that is not YAML, has a key twice, is too long or
 * too deep.
 */
export function readYaml(text: string, { what, code }: FormName): unknown {
  if (text.length > LONGEST_TEXT) {
    throw new EspalierError(code, `${what} has ${text.length} letters; at most ${LONGEST_TEXT} are read`);
  }
  if (depthOf(text) > DEEPEST)
    throw new EspalierError(code, `${what} cannot be read: it is nested too deeply`);
  try {
    // The library compares every key with every other; the same is found below in one pass.
    const document = parseDocument(text, { uniqueKeys: false });
    const problem = document.errors[0]?.message.trimEnd() ?? repeatedKey(document);
    if (problem === null) return document.toJS() as unknown;
    throw new EspalierError(code, `${what} is not YAML: ${problem}`);
  } catch (error) {
    if (isEspalierError(error)) throw error;
    // A stack that is full, or more aliases than a text of people has.
    throw new EspalierError(code, `${what} cannot be read: ${sentenceOf(error)}`);
  }
}

/** Brackets that are open at a time, at most; those in texts count too. */
function depthOf(text: string): number {
  let [depth, deepest] = [0, 0];
  for (const letter of text.match(/[[\]{}]/g) ?? []) {
    depth = letter === '[' || letter === '{' ? depth + 1 : Math.max(0, depth - 1);
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

function repeatedKey(document: Document.Parsed): string | null {
  let found: string | null = null;
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        const value: unknown = isScalar(key) ? key.value : key;
        if (seen.has(value)) found = `Map keys must be unique: ${shownValue(value)} is there twice`;
        seen.add(value);
      }
      return found === null ? undefined : visit.BREAK;
    },
  });
  return found;
}

function sentenceOf(error: unknown): string {
  if (error instanceof RangeError) return 'it is nested too deeply';
  return error instanceof Error ? error.message : String(error);
}
