import { maskableSpecs } from '../graph/parameters.js';
import { keptCount } from '../mask/top-k.js';
import { changeMask, keepLargest } from '../adjustment/change-mask.js';
import { cubicDensity } from './densities.js';
import type { MaskRule } from './mask-rule.js';

/**
 * Gradual magnitude pruning (Zhu & Gupta 2017): every layer goes from dense to the target by the same cubic
 * schedule; pruned weights do not return.
 */
export const cubic: MaskRule = {
  id: 'cubic',
  needs: [],
  begins: 'dense',
  rewinds: false,
  requests: () => [],
  adjust: (context, { params }) => {
    const density = cubicDensity(context);
    const counts = new Map(
      maskableSpecs(context.graph).map(({ name, size }) => [name, keptCount(density, size)]),
    );
    return changeMask(context.mask, keepLargest(context.mask, params, counts));
  },
};
