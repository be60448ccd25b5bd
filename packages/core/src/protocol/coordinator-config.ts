import type { Job } from '../job/job.js';
import { selectsOnClients } from '../methods/client-needs.js';
import { adjustmentRoundsOf } from '../methods/adjustment-rounds.js';
import type { CoordinatorConfig } from './coordinator-state.js';

/** The reducer's view of a job. */
export function coordinatorConfig(
  job: Job,
  { evaluatesOnClients, measures }: Pick<CoordinatorConfig, 'evaluatesOnClients' | 'measures'>,
): CoordinatorConfig {
  const { seed, numClients, clientsPerRound, rounds, quorum, roundTimeout, joinTimeout, returnTimeout } = job;
  const { adjustmentQuorum, restAfter, refusalLimit } = job;
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
    measures,
    adjustmentRounds: adjustmentRoundsOf(job),
  };
}
