import { adjustMask } from '../adjustment/adjust-mask.js';
import { adjustmentRequests } from '../adjustment/exchange-schedule.js';
import type { MaskRule } from './mask-rule.js';

/**
 * FedTiny's progressive pruning (Huang et al., ICDCS 2023): one unit of layers at a time, from the output backwards, as
 * many of the smallest weights dropped as of the largest clients' gradients grown.
 */
export const progressive: MaskRule = {
  id: 'progressive',
  needs: 'topGradients',
  rewinds: false,
  requests: ({ graph, mask, spec, round, adjustment }) =>
    adjustmentRequests(graph, mask, spec, { round, adjustment }),
  adjust: ({ mask }, { params, gradients, requests }) => adjustMask({ mask, params, gradients, requests }),
};
