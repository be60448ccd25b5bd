import { loadJob } from '@espalier/server';
import type { Job } from '@espalier/core';
import { Option } from 'commander';

/** Flags of every command that takes a job file. */
export interface JobFlags {
  readonly job: string;
  readonly set: readonly string[];
  readonly seed?: number;
}

/** The job of the flags, every default filled in. @throws EspalierError `invalid_job`, `storage`. */
export function jobOf({ job, set, seed }: JobFlags): Promise<Job> {
  return loadJob(job, { overrides: set, ...(seed === undefined ? {} : { seed }) });
}

/** `--set key=value`, as often as wanted. */
export function setOption(description = 'override a key of the job file; may be repeated'): Option {
  return new Option('--set <key=value>', description)
    .default([] as readonly string[])
    .argParser((value: string, before: readonly string[]) => [...before, value]);
}
