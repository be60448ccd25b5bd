export type {
  RoundWork,
  MaskRule,
  MaskRuleNeed,
  ObservedRound,
  RoundEvidence,
  RuleMemory,
  AdjustmentContext,
  RuleObserver,
  RuleOutcome,
} from './mask-rule.js';
export { pqIndex } from './pq-index.js';
export { maskRuleNamed, maskRules } from './registry.js';
