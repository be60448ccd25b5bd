import { EspalierError, type OpKind, type Trainer } from '@espalier/core';
import { chooseTrainer, nodeTrainers, type TrainerCandidate } from './trainer-candidates.js';

/** Choice of a trainer on Node. Plain data: it crosses to the training thread. */
export interface NodeTrainerOptions {
  /** One by name instead of the best one that works here. */
  readonly backend?: string;
  /** Ops of the graph to be trained: a trainer that lacks one is passed over. */
  readonly ops?: readonly OpKind[];
  /** Threads of the sparse engine; results do not depend on them. 1 unless told. */
  readonly threads?: number;
}

/**
 * The best trainer that works on this machine, in this thread.
 * @throws EspalierError `backend_unavailable` naming every candidate and why it cannot be used.
 */
export async function createNodeTrainer(options: NodeTrainerOptions = {}): Promise<Trainer> {
  const { backend, ops = [], threads = 1 } = options;
  return (await chooseTrainer(named(backend, threads), ops)).trainer;
}

function named(backend: string | undefined, threads: number): readonly TrainerCandidate[] {
  const known = nodeTrainers({ threads });
  if (backend === undefined) return known;
  const chosen = known.filter(({ name }) => name === backend);
  if (chosen.length > 0) return chosen;
  const names = known.map(({ name }) => name).join(', ');
  throw new EspalierError('backend_unavailable', `there is no backend ${backend}; there are ${names}`);
}
