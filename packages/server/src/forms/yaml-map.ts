import { EspalierError, type ErrorCode } from '@espalier/core';
import { parseDocument } from 'yaml';
import { shown } from './shown.js';

/** A map as YAML says it, before it is checked. */
export type RawMap = Readonly<Record<string, unknown>>;

/** What a file is to people, and the code with which it is refused. */
export interface FormName {
  /** `job`, `grid`: stands in `the job is not YAML`, and for the whole in a problem's path. */
  readonly what: string;
  readonly code: ErrorCode;
}

/** True for a map, which neither a list nor null is. */
export function isMap(value: unknown): value is RawMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The map that a YAML text says; an empty text says an empty one. @throws EspalierError with the form's code. */
export function readYamlMap(text: string, { what, code }: FormName): RawMap {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined)
    throw new EspalierError(code, `the ${what} is not YAML: ${error.message.trimEnd()}`);
  const raw: unknown = document.toJS();
  if (raw === null || raw === undefined) return {};
  if (!isMap(raw)) throw new EspalierError(code, `the ${what} is ${shown(raw)}; expected a map of fields`);
  return raw;
}
