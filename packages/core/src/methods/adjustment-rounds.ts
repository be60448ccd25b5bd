import type { Job } from '../job/job.js';
import { isAdjustmentRound } from '../adjustment/exchange-schedule.js';
import { methodNamed } from './registry.js';

/** Rounds that end with a change of the mask, ascending; none for masks that stay. */
export function adjustmentRoundsOf(job: Pick<Job, 'method' | 'rounds' | 'pruning'>): readonly number[] {
  if (methodNamed(job.method).maskRule === null) return [];
  return Array.from({ length: job.rounds }, (_, round) => round).filter((round) =>
    isAdjustmentRound(round, job.pruning),
  );
}
