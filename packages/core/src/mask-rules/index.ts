export { cubicDensity, geometricDensity } from './densities.js';
export type { MaskRule, RuleEvidence, RuleMoment } from './mask-rule.js';
export { pqIndex } from './pq-index.js';
export { maskRuleNamed, maskRules } from './registry.js';
