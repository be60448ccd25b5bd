import { maskRuleNamed } from '../mask-rules/registry.js';
import type { Method } from './method.js';

/**
 * Why what a method's rounds are measured to cost is not what the authors' cost model says, a sentence each; empty where
 * they agree within 3 %.
 */
export interface CostDifferences {
  readonly bytes: readonly string[];
  readonly macs: readonly string[];
}

const INDICES =
  'Indices of the mask are sent once and then only where they change, coded; the model counts them with every model, both ways.';
const FIRST_LAYER =
  'The first layer is dense and needs no gradient of its input, which tells at low densities; the model counts one.';
const ONE_BATCH =
  'Gradients of inactive weights are computed for one batch an adjustment, in layers whose turn it is; the model counts a whole epoch of the dense network.';

const NEARLY_DENSE =
  'Layers that keep nearly all of their weights are computed with all of them, which is faster; the model counts those kept.';
const REPORTED =
  'Of an adjustment the model counts index and value of the gradients whose weights were exchanged; clients report those that were asked for, coded.';

/** What of a method's parts the cost model sees otherwise. */
export function costDifferences({ initialMask, maskRule }: Method): CostDifferences {
  const sparse = initialMask !== 'dense' || maskRule !== null;
  const asks = maskRule !== null && maskRuleNamed(maskRule).needs !== 'nothing';
  return {
    bytes: [...(sparse ? [INDICES] : []), ...(asks ? [REPORTED] : [])],
    macs: [...(sparse ? [FIRST_LAYER, NEARLY_DENSE] : []), ...(asks ? [ONE_BATCH] : [])],
  };
}
