import type { MaskRuleNeed } from '../mask-rules/mask-rule.js';
import type { Job } from '../job/job.js';
import { methodNamed } from './registry.js';
import { maskRuleNamed } from '../mask-rules/registry.js';

/**
 * Contribution that a method requests from clients beyond trained values; the coordinator requests no more
 * than that.
 */
export type ClientNeed = 'batchNormMoments' | MaskRuleNeed;

/** Contributions that this job will request from its clients. */
export function clientNeeds(job: Job): ReadonlySet<ClientNeed> {
  const { maskRule } = methodNamed(job.method);
  const needs = new Set<ClientNeed>();
  if (selectsOnClients(job)) needs.add('batchNormMoments');
  const adjusts = maskRule !== null && job.pruning.interval > 0;
  for (const need of adjusts ? maskRuleNamed(maskRule).needs : []) needs.add(need);
  return needs;
}

/**
 * True when clients choose between candidates before the first round. A job without rounds consists of its
 * selection alone: there even a single candidate gets clients' statistics.
 */
export function selectsOnClients(job: Job): boolean {
  const { size, selection } = job.pool;
  return (
    methodNamed(job.method).initialMask === 'candidatePool' &&
    selection === 'adaptiveBatchNorm' &&
    (size > 1 || job.rounds === 0)
  );
}
