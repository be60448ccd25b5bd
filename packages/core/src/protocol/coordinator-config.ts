import type { Job } from '../job/job.js';
import { methodNamed, selectsOnClients } from '../methods/method.js';
import { isAdjustmentRound } from '../schedule/progressive.js';
import type { CoordinatorConfig } from './coordinator-state.js';

/** The reducer's view of a job. */
export function coordinatorConfig(
  job: Job,
  { evaluatesOnClients }: { readonly evaluatesOnClients: boolean },
): CoordinatorConfig {
  const { seed, numClients, clientsPerRound, rounds, quorum, roundTimeout, joinTimeout, returnTimeout } = job;
  const { adjustmentQuorum, restAfter, refusalLimit } = job;
  const adjusts = methodNamed(job.method).adjusts;
  const adjustmentRounds = Array.from({ length: rounds }, (_, round) => round).filter(
    (round) => adjusts && isAdjustmentRound(round, job.adjustment),
  );
  return {
    seed,
    numClients,
    clientsPerRound,
    rounds,
    quorum,
    roundTimeout,
    joinTimeout,
    returnTimeout,
    adjustmentQuorum,
    restAfter,
    refusalLimit,
    selects: selectsOnClients(job),
    evaluatesOnClients,
    adjustmentRounds,
  };
}
