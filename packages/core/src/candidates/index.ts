export { candidateLosses, chooseCandidate } from './choose-candidate.js';
export type { PoolSpec } from './pool-spec.js';
export { type NestedPool, candidateModel, nestedPool } from './nested-pool.js';
export { candidateMask, drawPool, type NestedPoolPlan, type PoolRequest } from './candidate-pool.js';
export {
  type CandidateStatistics,
  addEvaluations,
  mergeCandidates,
  mergeMeasurements,
  selectCandidate,
} from './select-candidate.js';
export type { SelectionFigures } from './selection-figures.js';
