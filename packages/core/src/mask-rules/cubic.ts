import { maskableSpecs } from '../graph/parameters.js';
import { keptCount } from '../mask/top-k.js';
import { changeMask, keepLargest } from '../adjustment/change-mask.js';
import { cubicDensity } from './densities.js';
import type { MaskRule } from './mask-rule.js';

/**
 * Gradual magnitude pruning (Zhu & Gupta 2017): every layer comes down from dense to the target by the same cubic
 * schedule; what is pruned does not come back.
 */
export const cubic: MaskRule = {
  id: 'cubic',
  needs: 'nothing',
  rewinds: false,
  requests: () => [],
  adjust: (moment, { params }) => {
    const density = cubicDensity(moment);
    const counts = new Map(
      maskableSpecs(moment.graph).map(({ name, size }) => [name, keptCount(density, size)]),
    );
    return changeMask(moment.mask, keepLargest(moment.mask, params, counts));
  },
};
