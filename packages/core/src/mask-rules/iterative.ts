import { changeMask, keepLargest } from '../adjustment/change-mask.js';
import { geometricDensity } from './densities.js';
import { globalCounts } from './global-counts.js';
import type { MaskRule } from './mask-rule.js';

/**
 * Iterative magnitude pruning with rewinding (Frankle & Carbin, "The Lottery Ticket Hypothesis", ICLR 2019): at every
 * adjustment the same share of the weights goes, the smallest of the whole network, and the others start again at their
 * first values. The share follows from the target and the number of adjustments.
 */
export const iterative: MaskRule = {
  id: 'iterative',
  needs: 'nothing',
  rewinds: true,
  requests: () => [],
  adjust: (moment, { params }) => {
    const counts = globalCounts(moment, params, geometricDensity(moment));
    return changeMask(moment.mask, keepLargest(moment.mask, params, counts));
  },
};
