import { loadJob } from '@espalier/server';
import type { Job } from '@espalier/core';

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
