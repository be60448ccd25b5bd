import { nearestWhole } from '../mask/top-k.js';
import { pow } from '../random/elementary.js';
import { adjustMask } from '../adjustment/adjust-mask.js';
import type { MaskRule } from './mask-rule.js';

/**
 * PruneFL's further pruning (Jiang et al., "Model Pruning Enables Efficient Federated Learning on Edge
 * Devices", TNNLS 2022) at a fixed density and with the same time for every weight: in every layer the share
 * f·½^(r ÷ 10,000) of smallest |w| is dropped, and as many of largest g² are grown. Devices report the
 * gradient of *every* inactive weight, and hold a dense gradient of the whole network for it, as published.
 */
export const pruneFl: MaskRule = {
  id: 'pruneFl',
  needs: ['denseGradients'],
  begins: 'sparse',
  rewinds: false,
  requests: ({ mask }) =>
    mask.layers
      .map(({ name, size, active }) => ({ layer: name, count: size - active.length }))
      .filter(({ count }) => count > 0),
  adjust: ({ mask, spec, round }, { params, gradients }) => {
    const share = spec.peakFraction * pow(0.5, round / 10_000);
    const requests = mask.layers.map(({ name, size, active }) => ({
      layer: name,
      count: Math.min(nearestWhole(share * active.length), size - active.length),
    }));
    return adjustMask({ mask, params, gradients, requests: requests.filter(({ count }) => count > 0) });
  },
};
