import type { Job } from '@espalier/core';
import { problemsOf, type Problem } from '../forms/problems.js';
import { formError } from '../forms/read-form.js';
import { readYamlMap } from '../forms/yaml-map.js';
import { crossProblems } from './checks.js';
import { withMethodDefaults } from './method-defaults.js';
import { jobJsonSchema } from './json-schema.js';
import { readText } from '../files/read-text.js';
import { applyOverrides, type RawJob } from './overrides.js';
import { resolveJob } from './resolve.js';
import { jobSchema, type JobForm } from './schema.js';

/** Name of a job file in messages, and the code of its errors. */
const JOB = { what: 'job', code: 'invalid_job' } as const;

/** Settings that override a job file. */
export interface ParseOptions {
  /** `key=value` with dotted keys and YAML values, as `--set` takes them; later ones win. */
  readonly overrides?: readonly string[];
  /** Wins over the file and the overrides. */
  readonly seed?: number;
}

/**
 * The job that a YAML text means, with every default filled in.
 * @throws EspalierError `invalid_job` listing every problem at once: its path, what came and what was expected.
 */
export function parseJob(yamlText: string, options: ParseOptions = {}): Job {
  const raw = rawJob(yamlText, options);
  const parsed = jobSchema.safeParse(raw);
  if (parsed.success) return checkedJob(parsed.data, []);
  const problems = problemsOf(parsed.error.issues, raw, { schema: jobJsonSchema(), whole: JOB.what });
  const rest = jobSchema.safeParse(withoutFields(raw, problems));
  if (!rest.success) throw formError(problems, JOB);
  return checkedJob(rest.data, problems);
}

/**
 * Reads a YAML text with its overrides on top and the method's defaults underneath, unchecked: as long as the
 * result is the same, so is the job, whatever keys later versions add.
 * @throws EspalierError `invalid_job` for a text that is not a YAML map, or an invalid override.
 */
export function rawJob(yamlText: string, { overrides = [], seed }: ParseOptions = {}): RawJob {
  const raw = withMethodDefaults(applyOverrides(readYamlMap(yamlText, JOB), overrides));
  return seed === undefined ? raw : { ...raw, seed };
}

/**
 * The job in a YAML file; see {@link parseJob}.
 * @throws EspalierError also `storage` when the file cannot be read.
 */
export async function loadJob(file: string, options: ParseOptions = {}): Promise<Job> {
  return parseJob(await readText(file, 'the job file'), options);
}

/** Checks rules across fields as well, so that one run of the command shows everything there is to fix. */
function checkedJob(form: JobForm, earlier: readonly Problem[]): Job {
  const job = resolveJob(form);
  const problems = [...earlier, ...crossProblems(job, topFields(earlier))];
  if (problems.length > 0) throw formError(problems, JOB);
  return job;
}

/** Placeholders for required fields while the valid rest of a job is checked. */
const PLACEHOLDERS: RawJob = { model: 'mlp', data: { kind: 'imageFolder' } };

function withoutFields(raw: RawJob, problems: readonly Problem[]): RawJob {
  const broken = topFields(problems);
  const sound = Object.fromEntries(Object.entries(raw).filter(([key]) => !broken.has(key)));
  return { ...PLACEHOLDERS, ...sound };
}

function topFields(problems: readonly Problem[]): ReadonlySet<string> {
  return new Set(problems.map(({ path }) => path.split('.')[0] ?? path));
}
