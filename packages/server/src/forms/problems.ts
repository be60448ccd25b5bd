import { nearestNames, shownValue } from '@espalier/core';
import type { z } from 'zod';
import { remedyForKey, type SchemaNode } from './names.js';
import { isMap } from './yaml-map.js';

/** One thing wrong with a form. */
export interface Problem {
  /** Dotted path of the field; the form's name for the file as a whole. */
  readonly path: string;
  /** Sentence that says what came, what was expected, and what to do where that is not obvious. */
  readonly sentence: string;
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** Description of a form, to word its problems by. */
export interface FormSchema {
  readonly schema: SchemaNode;
  /** Name of the whole file in messages. */
  readonly whole: string;
}

/** Problems that are described one by one; nobody reads more at once, and remedies take work. */
const MOST_PROBLEMS = 50;

/** The problems that the schema found in a raw form, in the schema's order; above 50 the last says how many more. */
export function problemsOf(issues: readonly Issue[], raw: unknown, form: FormSchema): readonly Problem[] {
  const found = issues.flatMap((issue) => flattened(issue, [])).flatMap((issue) => each(issue));
  const problems = found.slice(0, MOST_PROBLEMS).flatMap((issue) => described(issue, raw, form));
  const more = found.length - problems.length;
  return more > 0 ? [...problems, { path: form.whole, sentence: `has ${more} more problems` }] : problems;
}

/** One issue for each unknown key. */
function each(issue: Issue): readonly Issue[] {
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ ...issue, keys: [key] })) : [issue];
}

/**
 * A union reports every branch. The one that the value was meant for is the one that found fault inside it; then one
 * that knows its kind but not its value; where every branch refuses the kind, the issue stays whole.
 */
function flattened(issue: Issue, prefix: Path): readonly Issue[] {
  const whole = { ...issue, path: [...prefix, ...issue.path] };
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [whole];
  const refuses = (code: Issue['code']) => (branch: readonly Issue[]) =>
    branch.some((inner) => inner.code === code && inner.path.length === 0);
  const ofKind = issue.errors.filter((branch) => !refuses('invalid_type')(branch));
  const meant = ofKind.find((branch) => !refuses('invalid_value')(branch)) ?? ofKind[0];
  return meant?.flatMap((inner) => flattened(inner, whole.path)) ?? [whole];
}

function described(issue: Issue, raw: unknown, { schema, whole }: FormSchema): readonly Problem[] {
  const at = (path: Path): string => (path.length === 0 ? whole : path.map(String).join('.'));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: at([...issue.path, key]),
      sentence: `is not a field here; ${remedyForKey(key, issue.path.map(String), schema)}`,
    }));
  }
  const came = valueAt(raw, issue.path);
  const verb = came === undefined ? 'is missing' : `is ${shownValue(came)}`;
  return [
    {
      path: at(issue.path),
      sentence: `${verb}; expected ${expectation(issue)}${nearestValue(issue, came)}`,
    },
  ];
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return kindName(issue.expected);
    case 'too_small':
      return `${issue.inclusive === false ? 'above' : 'at least'} ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'below' : 'at most'} ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_value':
      return oneOf(issue.values);
    case 'invalid_union':
      return unionExpectation(issue);
    default:
      return issue.message;
  }
}

function unionExpectation(issue: z.core.$ZodIssueInvalidUnion): string {
  if ('options' in issue) return oneOf(issue.options);
  return [...new Set(issue.errors.flat().map((inner) => expectation(inner)))].join(', or ');
}

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? shownValue(values[0]) : `one of ${values.map(shownValue).join(', ')}`;
}

function unitOf(origin: string): string {
  if (origin === 'array') return ' entries';
  return origin === 'string' ? ' characters' : '';
}

const KIND_NAMES: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  object: 'a map of fields',
  record: 'a map of fields',
  array: 'a list',
  tuple: 'a list',
};

function kindName(expected: string): string {
  return KIND_NAMES[expected] ?? expected;
}

/** For a mistyped name among names: the one that was probably meant. */
function nearestValue(issue: Issue, came: unknown): string {
  const [near] = typeof came === 'string' ? nearestNames(came, namesAmong(issue)) : [];
  return near === undefined ? '' : `; did you mean ${near}?`;
}

function namesAmong(issue: Issue): readonly string[] {
  const options =
    issue.code === 'invalid_value' ? issue.values : 'options' in issue ? (issue.options ?? []) : [];
  return options.filter((value) => typeof value === 'string');
}

function valueAt(raw: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return (value as readonly unknown[])[Number(key)];
    return isMap(value) && Object.hasOwn(value, key) ? value[String(key)] : undefined;
  }, raw);
}
