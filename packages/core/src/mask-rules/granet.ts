import { Mask } from '../mask/mask.js';
import { adjustMask } from '../adjustment/adjust-mask.js';
import { exchangeCount } from '../adjustment/exchange-schedule.js';
import type { TopGradientRequest } from '../trainer/trainer.js';
import { changeMask, keepLargest } from '../adjustment/change-mask.js';
import { cubicDensity } from './densities.js';
import { globalCounts } from './global-counts.js';
import type { MaskRule, AdjustmentContext } from './mask-rule.js';

/**
 * GraNet (Liu et al., "Sparse Training via Boosting Pruning Plasticity with Neuroregeneration", NeurIPS 2021): gradual
 * magnitude pruning of the whole network by the cubic schedule, and in every layer an exchange of the smallest weights
 * for those of largest gradient.
 */
export const granet: MaskRule = {
  id: 'granet',
  needs: ['topGradients'],
  begins: 'dense',
  rewinds: false,
  requests: (context) => exchanges(context, context.mask),
  adjust: (context, { params, gradients, requests }) => {
    const { mask } = context;
    const counts = globalCounts(context, params, cubicDensity(context));
    const smaller = new Map(keepLargest(mask, params, counts).map((layer) => [layer.name, layer]));
    const pruned = new Mask(mask.layers.map((layer) => smaller.get(layer.name) ?? layer));
    const asked = new Map(requests.map(({ layer, count }) => [layer, count]));
    const wanted = exchanges(context, pruned).map(({ layer, count }) => ({
      layer,
      count: Math.min(count, asked.get(layer) ?? 0),
    }));
    const exchanged = adjustMask({ mask: pruned, params, gradients, requests: wanted }).mask;
    return changeMask(mask, exchanged.layers);
  },
};

/** In every layer the scheduled share of its active weights, or all inactive ones if they are fewer. */
function exchanges({ spec, round }: AdjustmentContext, mask: Mask): readonly TopGradientRequest[] {
  return mask.layers
    .map(({ name, size, active }) => ({
      layer: name,
      count: Math.min(exchangeCount(round, spec, active.length), size - active.length),
    }))
    .filter(({ count }) => count > 0);
}
