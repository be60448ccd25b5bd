import type { Job } from '../job/job.js';
import { entryNamed, type Registry } from '../registry/named-entry.js';

/** How the first mask comes about. */
export type InitialMask =
  /** Every weight stays. */
  | 'dense'
  /** `mask.criterion` scores the pretrained weights once, `mask.allocation` spreads the density. */
  | 'criterion'
  /** A pool of candidates, one of which is chosen (FedTiny's coarse pruning). */
  | 'candidatePool';

/** What a method asks of clients beyond trained values; the coordinator asks for that and no more. */
export type ClientNeed = 'batchNormMoments' | 'topGradients';

/** A composition of parts by name. Behaviour follows from the parts, never from the name. */
export interface Method {
  readonly name: string;
  /** One sentence for people, with the paper. */
  readonly summary: string;
  readonly initialMask: InitialMask;
  /** Progressive pruning by magnitude and regrowth by clients' largest gradients. */
  readonly adjusts: boolean;
}

/** Every method, by name. */
export const methods: Registry<Method> = {
  fedavg: {
    name: 'fedavg',
    summary: 'Dense federated averaging (McMahan et al., AISTATS 2017): the control beside every sparse run.',
    initialMask: 'dense',
    adjusts: false,
  },
  fedtiny: {
    name: 'fedtiny',
    summary:
      'Adaptive batch-norm selection of a coarse-pruned candidate, then progressive pruning (Huang et al., ICDCS 2023).',
    initialMask: 'candidatePool',
    adjusts: true,
  },
  static: {
    name: 'static',
    summary: 'One mask from a criterion and an allocation, kept to the end.',
    initialMask: 'criterion',
    adjusts: false,
  },
};

/** Names a job may use. */
export function methodNames(): readonly string[] {
  return Object.keys(methods);
}

/** @throws EspalierError `invalid_argument` naming the nearest name there is, then all. */
export function methodNamed(name: string): Method {
  return entryNamed(methods, name, 'method');
}

/** What this job will ask of its clients. */
export function clientNeeds(job: Job): ReadonlySet<ClientNeed> {
  const method = methodNamed(job.method);
  const needs = new Set<ClientNeed>();
  if (selectsOnClients(job)) needs.add('batchNormMoments');
  if (method.adjusts && job.adjustment.interval > 0) needs.add('topGradients');
  return needs;
}

/** True when clients choose between candidates before the first round. */
export function selectsOnClients(job: Job): boolean {
  const { size, selection } = job.pool;
  return (
    methodNamed(job.method).initialMask === 'candidatePool' && selection === 'adaptiveBatchNorm' && size > 1
  );
}
