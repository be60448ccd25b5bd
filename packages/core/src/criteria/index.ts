export { pruneInPasses, type PruningPasses } from './prune-in-passes.js';
export type { Criterion, CriterionInputs, CriterionNeed, ScoreTree } from './criterion.js';
export { criteria, criterionNamed } from './registry.js';
