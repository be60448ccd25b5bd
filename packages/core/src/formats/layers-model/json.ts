import { EspalierError } from '../../errors.js';

/** A JSON object of unknown content. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for a JSON object, false for arrays and plain values. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for an array, whose elements stay unknown. */
export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** The object, or an error that names what is not one. @throws EspalierError `malformed_message` */
export function objectAt(value: unknown, what: string): JsonObject {
  if (isObject(value)) return value;
  throw malformed(`${what} is ${kindOf(value)}, expected an object`);
}

/** The array, or an error that names what is not one. @throws EspalierError `malformed_message` */
export function listAt(value: unknown, what: string): readonly unknown[] {
  if (isList(value)) return value;
  throw malformed(`${what} is ${kindOf(value)}, expected a list`);
}

/** The non-empty text, or an error that names what is not one. @throws EspalierError `malformed_message` */
export function textAt(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw malformed(`${what} is ${kindOf(value)}, expected a text`);
}

/** Error for a file that is not a layers model. */
export function malformed(problem: string): EspalierError {
  return new EspalierError('malformed_message', `the model file does not fit: ${problem}`);
}

export { shownValue as shown } from '../../shown-value.js';

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  return isList(value) ? 'a list' : `a ${typeof value}`;
}
