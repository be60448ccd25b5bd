import { EspalierError, shownValue } from '@espalier/core';
import { isMap, readYaml, type RawMap } from '../forms/yaml-map.js';

/** A job file before it is checked. */
export type RawJob = RawMap;

/** The long form of each section that may be written as a scalar. */
const LONG_FORMS: ReadonlyMap<string, (scalar: unknown) => RawJob> = new Map([
  ['model', (name): RawJob => ({ name })],
  ['optimizer', (kind): RawJob => ({ kind })],
  ['momentMode', (kind): RawJob => ({ kind })],
  ['pool.momentMode', (kind): RawJob => ({ kind })],
  ['learningRate', (initial): RawJob => ({ kind: 'constant', initial })],
]);

/**
 * The job with `key=value` settings laid over it, in order. Keys are dotted paths, values are YAML; a shorthand such
 * as `model: resnet18` opens into its long form when a setting reaches inside it.
 * @throws EspalierError `invalid_job` for a setting without `=` or with a value that is not YAML.
 */
export function applyOverrides(raw: RawJob, overrides: readonly string[]): RawJob {
  return overrides.reduce((job, text) => {
    const { path, value } = parseOverride(text);
    return withValue(job, path, { value, at: '' });
  }, raw);
}

function parseOverride(text: string): { path: readonly string[]; value: unknown } {
  const equals = text.indexOf('=');
  const path = text.slice(0, Math.max(0, equals)).trim().split('.');
  if (equals < 1 || path.includes('')) {
    throw new EspalierError('invalid_job', `--set ${text}: expected key=value, such as pruning.interval=5`);
  }
  const what = `the value of --set ${text.slice(0, equals)}`;
  return { path, value: readYaml(text.slice(equals + 1), { what, code: 'invalid_job' }) };
}

function withValue(
  target: RawJob,
  [key = '', ...deeper]: readonly string[],
  { value, at }: { value: unknown; at: string },
): RawJob {
  const here = at === '' ? key : `${at}.${key}`;
  const inside = Object.hasOwn(target, key) ? target[key] : undefined;
  const next = deeper.length === 0 ? value : withValue(opened(inside, here), deeper, { value, at: here });
  // Entries rather than an assignment: a key such as __proto__ stays a key, to be refused by name.
  return Object.fromEntries([...Object.entries(target).filter(([name]) => name !== key), [key, next]]);
}

function opened(inside: unknown, at: string): RawJob {
  if (isMap(inside)) return inside;
  if (inside === undefined || inside === null) return {};
  const longForm = LONG_FORMS.get(at);
  if (longForm === undefined) {
    throw new EspalierError(
      'invalid_job',
      `--set ${at}.…: ${at} is ${shownValue(inside)}, which has no fields`,
    );
  }
  return longForm(inside);
}
