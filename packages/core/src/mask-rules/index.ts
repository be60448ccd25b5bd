export { cubicDensity, geometricDensity } from './densities.js';
export type {
  RoundWork,
  MaskRule,
  ObservedRound,
  RuleEvidence,
  RuleMemory,
  RuleMoment,
  RuleObserver,
  RuleOutcome,
} from './mask-rule.js';
export { pqIndex } from './pq-index.js';
export { maskRuleNamed, maskRules } from './registry.js';
