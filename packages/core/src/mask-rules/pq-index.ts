import { maskableSpecs } from '../graph/parameters.js';
import { layerOf, layerValues } from '../mask/layer-values.js';
import { changeMask, keepLargest } from '../adjustment/change-mask.js';
import { globalCounts } from './global-counts.js';
import type { MaskRule, AdjustmentContext } from './mask-rule.js';
import type { ParamTree } from '../params/model-state.js';

/** Norms of the index, and the most that goes at once: p = ½, q = 1, β = 0.9 as published. */
const MOST_AT_ONCE = 0.9;

/**
 * Sparsity-informed adaptive pruning (Diao et al., "Pruning Deep Neural Networks from a Sparsity
 * Perspective", ICLR 2023, Algorithm 1) over the whole network: of d active weights, the PQ index of their
 * magnitudes decides how many are kept, r = d·(1 − I)^(pq ÷ (q − p)) with p = ½, q = 1, at least a tenth and
 * never below the target; the last adjustment reaches the target.
 */
export const pqIndexRule: MaskRule = {
  id: 'pqIndex',
  needs: [],
  begins: 'dense',
  rewinds: false,
  requests: () => [],
  adjust: (context, { params }) => {
    const counts = globalCounts(context, params, densityAfter(context, params));
    return changeMask(context.mask, keepLargest(context.mask, params, counts));
  },
};

/**
 * The PQ index of those magnitudes with p = ½ and q = 1: 1 − d^(1/q − 1/p)·‖w‖_p ÷ ‖w‖_q = 1 − (Σ√|w|)² ÷
 * (d·Σ|w|). 0 if all are equal, closer to 1 the fewer dominate; 1 if all are 0.
 */
export function pqIndex(magnitudes: Iterable<number>): number {
  let [count, roots, sum] = [0, 0, 0];
  for (const magnitude of magnitudes) {
    count++;
    roots += Math.sqrt(magnitude);
    sum += magnitude;
  }
  // Rounding may take equal magnitudes a hair below 0.
  return sum === 0 ? 1 : Math.max(0, 1 - (roots * roots) / (count * sum));
}

function densityAfter(
  { graph, mask, targetDensity, adjustment, adjustments }: AdjustmentContext,
  params: ParamTree,
): number {
  if (adjustment + 1 >= adjustments) return targetDensity;
  const present = mask.activeCount / maskableSpecs(graph).reduce((sum, { size }) => sum + size, 0);
  // With p = ½ and q = 1 the exponent pq ÷ (q − p) is 1.
  const kept = Math.max(1 - MOST_AT_ONCE, 1 - pqIndex(activeMagnitudes(mask, params)));
  return Math.max(targetDensity, present * kept);
}

function* activeMagnitudes(mask: AdjustmentContext['mask'], params: ParamTree): Generator<number> {
  for (const { name, active } of mask.layers) {
    const values = layerValues(layerOf(mask, name), params);
    for (const index of active) yield Math.abs(values[index]!);
  }
}
