import { createThreadTrainer } from '@espalier/client-node';
import { EspalierError, type OpKind } from '@espalier/core';
import { TrainerPool } from './trainer-pool.js';

/** Settings of a pool's threads. */
export interface ThreadPoolOptions {
  /** Threads, each with a trainer of its own. */
  readonly workers: number;
  /** A trainer by name instead of the best one that works here. */
  readonly backend?: string | null;
  /** Ops of the graphs to be trained. */
  readonly ops?: readonly OpKind[];
}

/**
 * A pool of training threads.
 * @throws EspalierError `backend_unavailable`; `invalid_argument` for no threads.
 */
export function openThreadPool({
  workers,
  backend = null,
  ops = [],
}: ThreadPoolOptions): Promise<TrainerPool> {
  if (!Number.isSafeInteger(workers) || workers < 1) {
    throw new EspalierError(
      'invalid_argument',
      `workers is ${workers}; expected a whole number of at least 1, best the number of cores`,
    );
  }
  return TrainerPool.open(workers, () => createThreadTrainer(backend === null ? { ops } : { backend, ops }));
}
