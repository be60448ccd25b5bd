export { pruneInPasses, type PruningPasses } from './prune-in-passes.js';
export type { Criterion, CriterionInputs, CriterionNeed, ScoreTree } from './criterion.js';
export { graspCriterion } from './grasp.js';
export { magnitudeCriterion } from './magnitude.js';
export { randomCriterion } from './random.js';
export { snipCriterion } from './snip.js';
export { criteria, criterionNamed } from './registry.js';
export { synflowCriterion } from './synflow.js';
