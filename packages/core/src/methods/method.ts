import type { Job } from '../job/job.js';
import { maskRuleNamed } from '../mask-rules/registry.js';
import { methodNamed } from './registry.js';

/** How the first mask comes about. */
export type InitialMask =
  /** Every weight stays. */
  | 'dense'
  /** `mask.criterion` scores the pretrained weights once, `mask.allocation` spreads the density. */
  | 'criterion'
  /** A pool of candidates, one of which is chosen (FedTiny's coarse pruning). */
  | 'candidatePool';

/** What a method asks of clients beyond trained values; the coordinator asks for that and no more. */
export type ClientNeed = 'batchNormMoments' | 'topGradients' | 'denseGradients' | 'ownMasks';

/** A composition of parts by name. Behaviour follows from the parts, never from the name. */
export interface Method {
  readonly name: string;
  /** One sentence for people, with the paper. */
  readonly summary: string;
  readonly initialMask: InitialMask;
  /** Id of the only criterion that the first mask may come from; null where the job chooses, or has none. */
  readonly criterion: string | null;
  /** Id of the rule by which the mask changes on adjustment rounds; null for a mask that stays. */
  readonly maskRule: string | null;
  /** `narrow` trains a narrower network of as many weights as the job's network keeps at its density, all of them. */
  readonly network: 'given' | 'narrow';
  /** Keys of the job file that the method sets where the file does not: the paper's own, or what measured better. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Keys that `preset: published` sets over the defaults; absent where the defaults are the paper's already. */
  readonly published?: Readonly<Record<string, unknown>>;
  /** What it does not do as published, a sentence each; empty where it does. */
  readonly departures: readonly string[];
}

/** True for a method that keeps every weight, so that its only density is 1. */
export function trainsDensely({ initialMask, maskRule, network }: Method): boolean {
  return initialMask === 'dense' && maskRule === null && network === 'given';
}

/** What this job will ask of its clients. */
export function clientNeeds(job: Job): ReadonlySet<ClientNeed> {
  const { maskRule } = methodNamed(job.method);
  const needs = new Set<ClientNeed>();
  if (selectsOnClients(job)) needs.add('batchNormMoments');
  const asked = maskRule === null || job.pruning.interval === 0 ? 'nothing' : maskRuleNamed(maskRule).needs;
  if (asked !== 'nothing') needs.add(asked);
  return needs;
}

/**
 * True when clients choose between candidates before the first round. A job without rounds is its selection alone: there
 * even a single candidate is given clients' statistics.
 */
export function selectsOnClients(job: Job): boolean {
  const { size, selection } = job.pool;
  return (
    methodNamed(job.method).initialMask === 'candidatePool' &&
    selection === 'adaptiveBatchNorm' &&
    (size > 1 || job.rounds === 0)
  );
}
